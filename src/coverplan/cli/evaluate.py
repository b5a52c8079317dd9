"""`coverplan evaluate`: given assignments measured by a policy, without solving."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coverplan.cli.assignments import AT, read_assignments
from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import exit_of
from coverplan.cli.inputs import examine
from coverplan.cli.summary import print_plan
from coverplan.payload import answer
from coverplan.payload.issues import PayloadError


def evaluate(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of tables.")],
    assignment: Annotated[
        Path, typer.Argument(help="JSON (a list, or a plan) or CSV with account_id, rep_id and perhaps role.")
    ],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan document.")] = False,
) -> None:
    """Measure given assignments: objective, ledger, and every rule with its slack or violation. Nothing is solved.

    Exit codes: 0 all hard rules hold; 1 some do not.
    """
    found = examine(problem, policy)
    facts, rules = found.checked()
    proposed = read_assignments(assignment)
    try:
        plan = answer.evaluate(facts, rules, proposed, AT)
    except PayloadError as error:
        raise BadInputError(report=error.report, files={**found.files, AT: assignment}) from None
    print_plan(plan, facts, as_json=as_json)
    raise typer.Exit(exit_of(plan))
