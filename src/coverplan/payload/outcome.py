"""From a book in columns to an outcome, and from the outcome to the plan document."""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.eligibility import CandidateRules
from coverplan.domain.instance import Ints
from coverplan.domain.listing import Listings
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.formulation.objective import Weights
from coverplan.formulation.program import Choice
from coverplan.mip.program import Limits, Status, StoppedBy, gap, is_optimal
from coverplan.payload.checkpoint import Checkpoint, keeper, progress_of
from coverplan.payload.decode import Decoder, certificate, nearness
from coverplan.payload.hashing import instance_hash, policy_hash
from coverplan.payload.issues import MAX_ISSUES, IssueReport, pointer, quoted
from coverplan.payload.method_checks import check_method
from coverplan.payload.options import Options
from coverplan.payload.plan import Method, Metrics, Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.payload.rollups import Summary
from coverplan.payload.weighing import against_today, upheaval
from coverplan.pricing.scope import UNKNOWN
from coverplan.runs import outcome as runs
from coverplan.runs.evaluate import evaluate as evaluate_seats
from coverplan.runs.least_violating import near_miss
from coverplan.runs.precedent import Precedent
from coverplan.runs.solve import Request, formulate
from coverplan.runs.solve import solve as solve_request
from coverplan.runs.starts import choice_of
from coverplan.runs.towards_today import SHARE, towards_today

MAX_LISTED = 100_000
"""Seats that a plan document without its own seats still holds of the plan that breaks the rules least."""
FINISHING_S = 1.0
"""Most time for the last step of a solve that was stopped: somebody waits for the plan."""
Listen = Callable[[Progress], None]


def solve_book(
    book: Book,
    policy: Policy,
    options: Options,
    seconds: dict[str, float],
    *,
    start: Ints | None = None,
    precedents: tuple[Precedent, ...] = (),
    listings: Listings | None = None,
    nearest_miss_s: float = np.inf,
    listen: Listen | None = None,
    checkpoint: Path | None = None,
) -> runs.Outcome:
    """The outcome of a sound book under a policy; time per phase is added to `seconds`.

    What an earlier solve of the same request left in the folder `checkpoint` is where this one begins: its plan is
    never worse, nor is its bound. Where no plan keeps the rules, at most `nearest_miss_s` seconds go into the one that
    breaks them least.

    Raises:
        PayloadError: a rule is not for the method that the options or the size ask for.
    """
    earlier = None if checkpoint is None or not (checkpoint / CHECKPOINT_FILE).exists() else Checkpoint.read(checkpoint)
    if earlier is not None and earlier.reps is not None and len(earlier.reps) == len(book.seats):
        start = earlier.reps
    request = request_of(book, policy, options, start)
    request = replace(request, precedents=precedents, listings=listings, nearest_miss_s=nearest_miss_s)
    if earlier is not None:
        request = replace(request, earlier=runs.Proof(earlier.dual_bound, earlier.certificate, earlier.impossible))
    report_method = IssueReport()
    check_method(report_method, policy, request.listing.n_admissible, options)
    report_method.raise_errors()
    report = None if listen is None else lambda step: listen(progress_of(step))
    built = time.monotonic()
    outcome = solve_request(request, report, None if checkpoint is None else keeper(checkpoint))
    seconds["build"] = max(0.0, time.monotonic() - built - sum(outcome.seconds.values()))
    seconds |= outcome.seconds
    return outcome


def finish_book(book: Book, policy: Policy, options: Options, checkpoint: Path, stopped_by: str) -> runs.Outcome:
    """The outcome that a lost solve of a book left in its checkpoint folder: its plan, or what it knew without one.

    Raises:
        FileNotFoundError: the solve was lost before it had begun.
    """
    kept = Checkpoint.read(checkpoint)
    formulation = formulate(request_of(book, policy, options, None), also=kept.reps)
    choice = None if kept.reps is None else choice_of(formulation, kept.reps)
    bound, certified = kept.dual_bound, kept.certificate
    nearer = None
    if choice is not None:
        limits = Limits(min(FINISHING_S, SHARE * options.time_limit_s), 0.0, 0.5, options.seed)
        prices = None if certified is None else certified.prices
        nearer = towards_today(formulation, choice, ledger(formulation, choice), bound, prices, limits)
        choice = nearer.choice
    account = None if nearer is None else nearer.account
    impossible = account is None and (kept.impossible or formulation.impossible)
    if impossible:
        bound, certified = UNKNOWN, None
    if account is not None:
        status = Status.OPTIMAL if is_optimal(account.objective, bound, formulation.size) else Status.FEASIBLE
    else:
        status = Status.INFEASIBLE if impossible else Status.NO_SOLUTION
    by_prices = certified is not None and certified.of_all and certified.bound <= bound
    return runs.Outcome(
        formulation=formulation,
        status=status,
        stopped_by=StoppedBy(stopped_by),
        choice=choice,
        account=account,
        least_violating=near_miss(formulation, None) if impossible else None,
        towards_today=None if nearer is None else nearer.told,
        dual_bound=bound if np.isfinite(bound) else None,
        bound_source=None if not np.isfinite(bound) else "prices" if by_prices else "branch_and_bound",
        certificate=certified,
        why=_WHY_STOPPED[status],
        reproducible=False if options.deterministic else None,
        progress=kept.trace,
    )


_WHY_STOPPED = {
    Status.OPTIMAL: "the best plan that was known when the solve was stopped",
    Status.FEASIBLE: "the best plan that was known when the solve was stopped",
    Status.INFEASIBLE: "it was proven that there is no plan when the solve was stopped",
    Status.NO_SOLUTION: "stopped before the first plan",
}


def evaluate_book(book: Book, policy: Policy, reps: Ints, issues: IssueReport, at: str, places: Ints) -> runs.Outcome:
    """The outcome of giving each seat of a sound book this rep (-1: uncovered).

    What no rule says goes to the issues, at the place of the seat in the list at `at` (-1: it is not there).
    """
    found = evaluate_seats(request_of(book, policy, Options(), None), reps)
    seats, accounts = book.seats, book.instance.accounts.ids
    for broken, reason in (
        (found.foreign, "it is not admissible"),
        (found.unlocked, "the account is locked to its current rep"),
    ):
        wrong = np.flatnonzero(broken)
        for seat in wrong[:MAX_ISSUES].tolist():
            rep = None if reps[seat] < 0 else book.instance.reps.ids[reps[seat]]
            account = accounts[seats.account[seat]]
            done = "left uncovered" if rep is None else f"covered by {quoted(rep)}"
            words = {"account": quoted(account), "done": done, "reason": reason}
            place = at if places[seat] < 0 else pointer(at, [int(places[seat]), "rep_id"])
            issues.add("inadmissible_assignment", place, value=rep, entity=("account", account), **words)
        issues.count("inadmissible_assignment", max(0, len(wrong) - MAX_ISSUES))
    return found.outcome


def request_of(book: Book, policy: Policy, options: Options, start: Ints | None) -> Request:
    limits = Limits(
        time_limit_s=options.time_limit_s,
        relative_gap=options.relative_gap,
        absolute_gap=options.absolute_gap,
        seed=options.seed,
        deterministic=options.deterministic,
        work_limit=options.work_limit,
    )
    weights, wanted = policy.objective, policy.candidates
    return Request(
        book=book,
        rules=policy.rules(),
        weights=Weights(weights.expected_revenue, weights.relationship_loss, weights.travel_cost_per_km),
        candidates=CandidateRules(wanted.per_seat, wanted.max_distance_km, wanted.respect_territories),
        limits=limits,
        method=options.method,
        backend=options.backend,
        start=start,
    )


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("coverplan", "ortools")}


def plan_of(
    policy: Policy,
    options: Options,
    outcome: runs.Outcome,
    issues: IssueReport,
    seconds: dict[str, float],
    *,
    listed: bool = True,
) -> Plan:
    """The plan document of an outcome; without assignments and uncovered seats where they are not `listed`.

    `least_violating`, which no table holds, keeps its own as long as there are not too many.
    """
    began = time.monotonic()
    pairs = outcome.formulation.pairs
    plan = Plan(
        problem_hash=instance_hash(pairs.instance),
        policy_hash=policy_hash(policy),
        seed=options.seed,
        versions=_versions(),
        solution_status=cast(Any, outcome.status.value),
        stopped_by=cast(Any, None if outcome.stopped_by is None else outcome.stopped_by.value),
        reproducible=outcome.reproducible,
        method=Method(used=cast(Any, outcome.used), backend=outcome.backend, why=outcome.why),
        notes=list(dict.fromkeys(outcome.notes)),
        issues=issues.warnings,
        metrics=Metrics(seats=len(pairs.book.seats), pairs=len(pairs.seat), rows=outcome.formulation.n_rows),
    )
    update: dict[str, object] = {"dual_bound": outcome.dual_bound, "certificate": certificate(outcome)}
    if outcome.choice is not None and outcome.account is not None:
        update |= _contents(outcome.formulation, outcome.choice, outcome.account, listed=listed)
        update |= _change(outcome.formulation, outcome.account, cast(Summary, update["summary"]))
        relative, absolute = gap(outcome.account.objective, outcome.dual_bound)
        update |= {"gap": relative, "absolute_gap": absolute, "dual_bound_source": outcome.bound_source}
        update["towards_today"] = nearness(outcome.towards_today)
    elif outcome.dual_bound is not None:
        update["dual_bound_source"] = outcome.bound_source
    if outcome.least_violating is not None and not (listed or len(pairs.book.seats) <= MAX_LISTED):
        update["notes"] = [*plan.notes, f"the plan that breaks the rules least is left out: over {MAX_LISTED:,} seats"]
    elif outcome.least_violating is not None:
        closest = outcome.least_violating
        contents = _contents(outcome.formulation, closest, ledger(outcome.formulation, closest), listed=True)
        bare = plan.model_copy(
            update={"solution_status": "infeasible", "issues": [], "notes": [], "metrics": Metrics()}
        )
        update["least_violating"] = bare.model_copy(update=contents)
    seconds["decode"] = time.monotonic() - began
    metrics = plan.metrics.model_copy(
        update={
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
            "progress": [progress_of(step) for step in outcome.progress],
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
    return plan.model_copy(update={**update, "metrics": metrics})


def nothing_found(facts: str, policy: Policy, options: Options, stopped_by: str) -> Plan:
    """The answer of a solve that was stopped before it had begun; `facts` is the hash of the problem."""
    return Plan.model_validate(
        {
            "problem_hash": facts,
            "policy_hash": policy_hash(policy),
            "seed": options.seed,
            "solution_status": "no_solution_found",
            "stopped_by": stopped_by,
            "method": Method(used="exact", why="stopped before the first plan"),
        }
    )


def _change(formulation: Formulation, account: Ledger, summary: Summary) -> dict[str, object]:
    """The plan against today's assignment, and a word on it where it moves much."""
    change = against_today(formulation, account)
    currency = formulation.pairs.instance.currency
    return {"against_today": change, "upheaval": upheaval(formulation.rules, summary, change, currency)}


@contextmanager
def _uncollected() -> Iterator[None]:
    """No collection of garbage meanwhile: a document of a seat each leaves none, and looking for it takes most time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@_uncollected()
def _contents(formulation: Formulation, choice: Choice, account: Ledger, *, listed: bool) -> dict[str, object]:
    """The parts of a plan document that a choice fills."""
    decoder = Decoder(formulation, choice, account)
    return {
        "objective": decoder.objective(),
        "summary": decoder.summary(),
        **({"assignments": decoder.assignments(), "uncovered": decoder.uncovered()} if listed else {}),
        "reps": decoder.reps(),
        "teams": decoder.teams(),
        "territories": decoder.territories(),
        "constraints": decoder.constraints(),
    }
