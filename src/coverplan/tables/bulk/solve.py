"""A folder of tables in, the table of a plan out: what a solver child and the command line call."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from coverplan import room
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Ints
from coverplan.payload.hashing import instance_hash
from coverplan.payload.issues import IssueReport
from coverplan.payload.options import Options
from coverplan.payload.outcome import evaluate_book, finish_book, nothing_found, plan_of, solve_book
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.precedents import OfferedPlan
from coverplan.payload.reach_checks import MAX_REACH, Reach, check_families
from coverplan.payload.requests import BookRequest, OtherPlan
from coverplan.payload.seats import SCHEMA
from coverplan.runs.outcome import Outcome
from coverplan.runs.precedent import Precedent
from coverplan.studies.perturbation import perturbed
from coverplan.tables.bulk.plans import assigned_seats, seat_table, write_table
from coverplan.tables.bulk.read import LoadedBook, check_effects, check_wishes, read_book
from coverplan.tables.bulk.seats import seat_reps
from coverplan.tables.bulk.sources import UnreadableTableError

AT_PROBLEM, AT_POLICY = "/problem", "/policy"


def solve(request: BookRequest, listen: Callable[[Progress], None] | None, checkpoint: Path | None) -> Plan:
    """Solve the book in a folder; the seats go to `request.table`, the rest is the answer.

    Raises:
        PayloadError: something is wrong with the tables or the policy.
    """
    began = time.monotonic()
    loaded, issues = _loaded(request)
    book = Book.of(loaded.instance)
    start = None if request.start_plan is None else _start(book, Path(request.start_plan), issues)
    others = tuple(_precedent(book, other) for other in request.other_plans)
    seconds = {"load": time.monotonic() - began}
    policy, options = request.policy, request.options
    outcome = solve_book(
        book, policy, options, seconds, start=start, precedents=others, listen=listen, checkpoint=checkpoint
    )
    return _leave(request, outcome, issues, seconds)


def finish(request: BookRequest, checkpoint: Path, stopped_by: str) -> Plan:
    """The best plan that a lost solve left in its checkpoint folder, likewise.

    Raises:
        FileNotFoundError: the solve was lost before it had begun.
    """
    loaded, issues = _loaded(request)
    outcome = finish_book(Book.of(loaded.instance), request.policy, request.options, checkpoint, stopped_by)
    return _leave(request, outcome, issues, {})


def nothing(request: BookRequest, stopped_by: str) -> Plan:
    """The answer of a solve that was stopped before it had begun, likewise."""
    facts = instance_hash(read_book(Path(request.folder)).instance)
    plan = nothing_found(facts, request.policy, request.options, stopped_by)
    write_table(plan, pl.DataFrame(schema=SCHEMA), Path(request.table))
    return plan


def evaluate(loaded: LoadedBook, policy: Policy, assignments: pl.DataFrame, at: str) -> tuple[Plan, Outcome]:
    """Given assignments measured: the plan without its seats, and the outcome that `seat_table` takes.

    Raises:
        PayloadError: the policy names what is not there, or an assignment does.
    """
    issues = check_wishes(loaded, policy, AT_POLICY)
    issues.raise_errors()
    book = Book.of(loaded.instance)
    check_effects(issues, Reach.of(book, policy), policy)
    issues.raise_errors()
    reps, places = seat_reps(book, assignments, issues, at)
    issues.raise_errors()
    outcome = evaluate_book(book, policy, reps, issues, at, places)
    return plan_of(policy, Options(), outcome, issues, {}, listed=False), outcome


def _loaded(request: BookRequest) -> tuple[LoadedBook, IssueReport]:
    """The book and what is worth a word; families that are locked apart are found before anything is solved."""
    loaded = read_book(Path(request.folder))
    if request.perturbation is not None:
        loaded = replace(loaded, instance=perturbed(loaded.instance, request.perturbation))
    issues = check_wishes(loaded, request.policy, AT_POLICY)
    issues.raise_errors()
    if any(rule.kind == "family" and rule.penalty is None for rule in request.policy.rules()):
        check_families(issues, Reach.of(Book.of(loaded.instance), request.policy), AT_PROBLEM)
        issues.raise_errors()
    return loaded, issues


def _leave(request: BookRequest, outcome: Outcome, issues: IssueReport, seconds: dict[str, float]) -> Plan:
    """Write the seats; the necessary conditions are looked at with the pairs that the solve has listed anyway."""
    check_effects(issues, _reach(outcome.formulation.pairs, request.policy), request.policy)
    plan = plan_of(request.policy, request.options, outcome, issues, seconds, listed=False)
    seats = seat_table(outcome)
    room.write(lambda: write_table(plan, seats, Path(request.table)))
    return plan


def _reach(pairs: Candidates, policy: Policy) -> Reach:
    """What can be had, by these pairs; by all admissible ones where some were left out that are soon listed."""
    if pairs.best_net is not None and len(pairs.book.seats) * pairs.instance.n_reps <= MAX_REACH:
        return Reach.of(pairs.book, policy)
    return Reach(pairs, policy.rules(), policy.candidates.per_seat)


def _start(book: Book, path: Path, issues: IssueReport) -> Ints:
    """The seats of an earlier plan; what the book no longer has is left out with a warning."""
    found = IssueReport()
    try:
        reps, _ = seat_reps(book, _assignments(path), found, "")
    except (UnreadableTableError, OSError, ValueError, KeyError, TypeError) as error:
        issues.add("invalid_value", "/start_plan", reason=f"{path} holds no plan: {error}")
        issues.raise_errors()
        raise AssertionError from error
    if found.total:
        issues.add(
            "start_plan_ignored", "/start_plan", value=f"{found.total} of its assignments name what is not there"
        )
    return reps


def _precedent(book: Book, other: OtherPlan) -> Precedent:
    """The plan of another run and its prices."""
    reps = _start(book, Path(other.table or other.plan), IssueReport())
    plan = OfferedPlan.model_validate_json(Path(other.plan).read_bytes())
    return Precedent(reps, plan.prices, reproducible=plan.reproducible is not False)


def _assignments(path: Path) -> pl.DataFrame:
    if path.suffix.lower() != ".json":
        return assigned_seats(path)
    columns = dict.fromkeys(("account_id", "role", "rep_id"), pl.String)
    seats = json.loads(path.read_bytes())["assignments"]
    return pl.DataFrame([[seat[name] for name in columns] for seat in seats], columns, orient="row")
