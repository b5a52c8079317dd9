"""`coverplan evaluate`: given assignments measured by a policy, without solving."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.assignments import AT, assignment_table, read_assignments, row_of
from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import Exit, exit_of
from coverplan.cli.inputs import examine, examine_tables
from coverplan.cli.summary import print_plan, print_summary
from coverplan.payload import answer
from coverplan.payload.issues import PayloadError
from coverplan.tables.bulk import solve as bulk
from coverplan.tables.bulk.plans import document_parts, seat_table


def evaluate(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of Parquet or CSV tables.")],
    assignment: Annotated[
        Path,
        typer.Argument(help="JSON (a list, or a plan), or CSV or Parquet with account_id, rep_id and perhaps role."),
    ],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan document.")] = False,
) -> None:
    """Measure given assignments: objective, ledger, and every rule with its slack or violation. Nothing is solved.

    Exit codes: 0 all hard rules hold; 1 some do not.
    """
    if problem.is_dir():
        raise typer.Exit(_by_columns(problem, policy, assignment, as_json=as_json))
    found = examine(problem, policy)
    facts, rules = found.checked()
    proposed = read_assignments(assignment)
    try:
        plan = answer.evaluate(facts, rules, proposed, AT)
    except PayloadError as error:
        files = {**found.files, AT: assignment}
        raise BadInputError(report=error.report, files=files, locate=row_of(assignment, found.locate)) from None
    print_plan(plan, facts, rules, as_json=as_json)
    raise typer.Exit(exit_of(plan))


def _by_columns(folder: Path, policy: Path | None, assignment: Path, *, as_json: bool) -> Exit:
    """The same for a folder of tables, which never become objects."""
    found = examine_tables(folder, policy)
    book, rules = found.checked()
    proposed = assignment_table(assignment)
    try:
        plan, outcome = bulk.evaluate(book, rules, proposed, AT)
    except PayloadError as error:
        files = {**found.files, AT: assignment}
        raise BadInputError(report=error.report, files=files, locate=row_of(assignment, found.locate)) from None
    seats = seat_table(outcome)
    if as_json:
        sys.stdout.writelines(document_parts(plan, seats))
    else:
        names = dict(zip(book.instance.reps.ids, book.instance.reps.names, strict=True))
        uncovered = Counter(seats["reason"].drop_nulls())
        print_summary(plan, book.instance.currency, rules.rules(), names, uncovered)
    return exit_of(plan)
