"""`coverplan verify`: a plan recomputed from problem and policy by code that shares nothing with the solver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.exits import Exit
from coverplan.cli.inputs import examine, examine_tables, read_plan, reading_plan
from coverplan.payload.hashing import instance_hash, policy_hash, problem_hash
from coverplan.payload.issues import PayloadError
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reading import read_document
from coverplan.tables.bulk.plans import SUFFIXES, assigned_seats, assignment_documents, plan_head, uncovered_documents
from coverplan.tables.bulk.read import Rows, streamed_document
from coverplan.verify import Verification
from coverplan.verify import verify as recompute
from coverplan.wording.figures import PLAIN
from coverplan.wording.rounding import up
from coverplan.wording.words import words

SHOWN = 50


def verify(
    *,
    problem: Annotated[Path, typer.Argument(help="PROBLEM.json, or a folder of Parquet or CSV tables.")],
    plan: Annotated[Path, typer.Argument(help="A plan: the JSON or Parquet of `solve --out`, or a folder's CSV.")],
    policy: Annotated[Path | None, typer.Option(help="Policy file; without it, the default policy.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Recompute what a plan claims: feasibility, every row, ledger, objective, and the bound that its prices prove.

    Exit codes: 0 verified; 1 not verified; 2 bad input.
    """
    if problem.is_dir():
        book, rules, facts, currency = _tables(problem, policy)
        claimed, answer = _claimed(plan)
        found = recompute(book, rules.filled(), answer)
    else:
        whole, rules = examine(problem, policy).checked()
        claimed, facts, currency = read_plan(plan), problem_hash(whole), whole.currency
        found = verified(whole, rules, claimed)
    if as_json:
        typer.echo(json.dumps(found.document(), indent=1))
    else:
        for line in (*_mismatches(facts, policy_hash(rules), claimed), *report(found, claimed, currency)):
            typer.echo(line)
    raise typer.Exit(Exit.OK if found.ok else Exit.NEGATIVE)


def _tables(folder: Path, policy: Path | None) -> tuple[dict[str, Any], Policy, str, str]:
    """A folder's problem, its accounts and pairs read as they are asked for; the policy, the hash and the currency."""
    found = examine_tables(folder, policy, reach=False)
    book, rules = found.checked()
    assert found.sources is not None
    return streamed_document(found.sources), rules, instance_hash(book.instance), book.instance.currency


def _claimed(path: Path) -> tuple[Plan, dict[str, Any]]:
    """A plan, and its document; the seats of a table are read as they are asked for, and the plan is without them."""
    if path.suffix.lower() not in SUFFIXES:
        plan = read_plan(path)
        return plan, plan.model_dump(mode="json")
    head = reading_plan(path, plan_head)
    try:
        plan = read_document(Plan, json.dumps(head).encode(), "/plan")
    except PayloadError as error:
        raise BadInputError(report=error.report, files={"/plan": path}) from None
    reading_plan(path, assigned_seats)
    covered, left = Rows(partial(assignment_documents, path)), Rows(partial(uncovered_documents, path))
    return plan, {**head, "assignments": covered, "uncovered": left}


def verified(problem: Problem, policy: Policy, plan: Plan) -> Verification:
    """The independent check of a plan."""
    return recompute(problem.model_dump(mode="json"), policy.filled(), plan.model_dump(mode="json"))


def report(found: Verification, plan: Plan, currency: str) -> Iterator[str]:
    """What was recomputed, and what does not hold."""
    if found.terms is not None and found.objective is not None:
        covered = len(plan.assignments) if plan.summary is None else plan.summary.covered
        yield f"{covered:,} assignments and {len(plan.constraints):,} rows of rules recounted"
        for (term, rule), value in found.terms.items():
            yield f"  {words(term) + (f': {rule}' if rule else ''):<40} {currency} {value:>18,.2f}"
        yield f"  {'objective':<40} {currency} {found.objective:>18,.2f}"
    if found.bound is not None and plan.certificate is not None:
        prices = f"upper bound proven by {len(plan.certificate.prices):,} prices"
        yield f"  {prices:<40} {currency} {up(found.bound, 2):>18,.2f}"
    for failure in found.failures[:SHOWN]:
        yield f"wrong: {failure.message} [{failure.code}]"
    if len(found.failures) > SHOWN:
        yield f"and {len(found.failures) - SHOWN:,} more"
    yield f"{'Verified' if found.ok else 'Not verified'}: {_verdict(found, plan)}."


def _verdict(found: Verification, plan: Plan) -> str:
    if not found.ok:
        return "1 claim does not hold" if len(found.failures) == 1 else f"{len(found.failures):,} claims do not hold"
    if found.objective is None:
        return "the plan presents no assignments; that there is none cannot be recomputed"
    if found.bound is None:
        return "all hard rules hold and the objective is right; there is no certificate"
    gap = max(0.0, found.bound - found.objective) / max(abs(found.objective), 1e-9)
    claim = "; its own bound is tighter, the solver's claim" if plan.dual_bound_source == "branch_and_bound" else ""
    better = PLAIN.percent_at_most(gap)
    return f"all hard rules hold, the objective is right, and no plan is worth over {better} more{claim}"


def _mismatches(facts: str, wishes: str, plan: Plan) -> Iterator[str]:
    """Remarks on hashes: the plan may have been made for other documents."""
    if plan.problem_hash != facts:
        yield "note: the plan was made for another problem (its problem_hash differs)"
    if plan.policy_hash != wishes:
        yield "note: the plan was made under another policy (its policy_hash differs)"
