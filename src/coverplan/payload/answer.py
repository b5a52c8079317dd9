"""Documents in, plan out: what a service, a command or a child process calls."""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.eligibility import CandidateRules
from coverplan.domain.instance import Ints
from coverplan.formulation.build import Formulation
from coverplan.formulation.ledger import Ledger, ledger
from coverplan.formulation.naming import names
from coverplan.formulation.objective import Weights
from coverplan.formulation.program import Choice, to_program
from coverplan.mip.program import Limits, Status, StoppedBy, gap, is_optimal
from coverplan.payload.checks import check
from coverplan.payload.columns import to_instance
from coverplan.payload.decode import Decoder, certificate
from coverplan.payload.hashing import policy_hash, problem_hash
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Method, Metrics, Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.pricing.bound import Prices
from coverplan.runs import outcome as runs
from coverplan.runs.evaluate import evaluate as evaluate_seats
from coverplan.runs.solve import Request, choice_of, formulate
from coverplan.runs.solve import solve as solve_request
from coverplan.solvers.export import export as export_program

CHECKPOINT = "incumbent.npz"
"""Name of the file in a checkpoint folder: reps of the seats, bound and prices."""
Listen = Callable[[Progress], None]


def solve(
    problem: Problem,
    policy: Policy,
    options: Options,
    *,
    start_plan: Plan | None = None,
    listen: Listen | None = None,
    checkpoint: Path | None = None,
) -> Plan:
    """Solve a problem under a policy.

    `listen` hears objective, bound and phase; the best plan so far is kept in the folder `checkpoint`, from where
    `finish` takes it if this process is lost.

    Raises:
        PayloadError: the documents contradict themselves or each other.
    """
    began = time.monotonic()
    issues = check(problem, policy)
    issues.raise_errors()
    book = Book.of(to_instance(problem))
    start = None if start_plan is None else _start_seats(book, start_plan, issues)
    request = request_of(book, policy, options, start)
    seconds = {"load": time.monotonic() - began}
    report = None if listen is None else lambda step: listen(_progress(step))
    built = time.monotonic()
    outcome = solve_request(request, report, None if checkpoint is None else _saver(checkpoint))
    seconds["build"] = max(0.0, time.monotonic() - built - sum(outcome.seconds.values()))
    seconds |= outcome.seconds
    return _plan(problem, policy, options, outcome, issues, seconds)


def finish(problem: Problem, policy: Policy, options: Options, checkpoint: Path, stopped_by: str) -> Plan:
    """The best plan that a lost solve left in its checkpoint folder.

    Raises:
        FileNotFoundError: the solve was lost before its first plan.
    """
    with np.load(checkpoint / CHECKPOINT) as saved:
        reps, bound = saved["reps"].astype(np.int32), float(saved["dual_bound"])
        proven, source, scope = float(saved["certificate_bound"]), str(saved["source"]), str(saved["scope"])
        prices = Prices(saved["upper"], saved["lower"])
        trace = [Progress.model_validate_json(line) for line in saved["progress"].tolist()]
    issues = check(problem, policy)
    formulation = formulate(request_of(Book.of(to_instance(problem)), policy, options, None), also=reps)
    choice = choice_of(formulation, reps)
    if choice is None:
        raise FileNotFoundError(checkpoint / CHECKPOINT)
    account = ledger(formulation, choice)
    certified = runs.Certificate(proven, prices, source, scope) if np.isfinite(proven) else None
    optimal = is_optimal(account.objective, bound)
    by_prices = certified is not None and certified.bound <= bound
    outcome = runs.Outcome(
        formulation=formulation,
        status=Status.OPTIMAL if optimal else Status.FEASIBLE,
        stopped_by=StoppedBy(stopped_by),
        choice=choice,
        account=account,
        dual_bound=bound if np.isfinite(bound) else None,
        bound_source=None if not np.isfinite(bound) else "prices" if by_prices else "branch_and_bound",
        certificate=certified,
        why="the best plan that was known when the solve was stopped",
        reproducible=False if options.deterministic else None,
    )
    plan = _plan(problem, policy, options, outcome, issues, {})
    return plan.model_copy(update={"metrics": plan.metrics.model_copy(update={"progress": trace})})


def evaluate(problem: Problem, policy: Policy, assignments: Sequence[AssignmentIn], at: str = "/assignments") -> Plan:
    """The plan document of given assignments, with their violations; nothing is solved.

    Raises:
        PayloadError: the documents contradict themselves or each other, or an assignment names what is not there.
    """
    issues = check(problem, policy)
    issues.raise_errors()
    book = Book.of(to_instance(problem))
    reps = _seat_reps(book, assignments, issues, at)
    issues.raise_errors()
    found = evaluate_seats(request_of(book, policy, Options(), None), reps)
    seats, accounts = book.seats, book.instance.accounts.ids
    for broken, reason in (
        (found.foreign, "it is not admissible"),
        (found.unlocked, "the account is locked to its current rep"),
    ):
        for seat in np.flatnonzero(broken).tolist():
            rep = None if reps[seat] < 0 else book.instance.reps.ids[reps[seat]]
            account = accounts[seats.account[seat]]
            issues.add("inadmissible_assignment", at, value=rep, entity=("account", account), reason=reason)
    return _plan(problem, policy, Options(), found.outcome, issues, {})


def today(problem: Problem, policy: Policy) -> Plan:
    """Today's assignment measured like a plan; seats held by reps who left count as uncovered.

    Raises:
        PayloadError: the documents contradict themselves or each other.
    """
    reps, roles = {rep.id for rep in problem.reps}, {rep.role for rep in problem.reps}
    held = [
        AssignmentIn(account_id=account.id, role=current.role, rep_id=current.rep_id)
        for account in problem.accounts
        for current in account.current
        if current.rep_id in reps and (current.role is None or current.role in roles)
    ]
    return evaluate(problem, policy, held)


def export(problem: Problem, policy: Policy, path: Path) -> None:
    """Write the program as LP or MPS, by the suffix of the path; columns and rows carry the caller's ids.

    Raises:
        PayloadError: the documents contradict themselves or each other.
    """
    check(problem, policy).raise_errors()
    formulation = formulate(request_of(Book.of(to_instance(problem)), policy, Options(), None))
    columns, rows = names(formulation)
    export_program(to_program(formulation), path, columns, rows)


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


def _progress(step: runs.Progress) -> Progress:
    relative, _ = gap(step.objective_value, step.dual_bound)
    return Progress(
        t=step.t, objective_value=step.objective_value, dual_bound=step.dual_bound, gap=relative, phase=step.phase
    )


def _saver(folder: Path) -> runs.Checkpoint:
    """Keeps the best plan in the folder; the file is replaced whole, so that a kill never tears it."""

    def save(reps: Ints, bound: float | None, found: runs.Certificate | None, trace: Sequence[runs.Progress]) -> None:
        nothing = np.empty(0)
        arrays = {
            "reps": reps,
            "dual_bound": np.asarray(np.inf if bound is None else bound),
            "certificate_bound": np.asarray(np.inf if found is None else found.bound),
            "source": np.asarray("" if found is None else found.source),
            "scope": np.asarray("" if found is None else found.scope),
            "upper": nothing if found is None else found.prices.upper,
            "lower": nothing if found is None else found.prices.lower,
            "progress": np.asarray([_progress(step).model_dump_json() for step in trace], np.str_),
        }
        partial = folder / f"{CHECKPOINT}.partial"
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **arrays)
        partial.write_bytes(packed.getbuffer())
        partial.replace(folder / CHECKPOINT)

    return save


def _seat_reps(book: Book, assignments: Sequence[AssignmentIn], issues: IssueReport, at: str) -> Ints:
    """The rep of each seat that the assignments give, -1 for the others; what is wrong goes to the issues."""
    instance, seats = book.instance, book.seats
    account_of = {name: code for code, name in enumerate(instance.accounts.ids)}
    rep_of = {name: code for code, name in enumerate(instance.reps.ids)}
    role_of = {name: code for code, name in enumerate(instance.roles)}
    seat_of = {key: seat for seat, key in enumerate(zip(seats.account.tolist(), seats.role.tolist(), strict=True))}
    first_seat = np.flatnonzero(seats.primary)
    reps = np.full(len(seats), -1, np.int32)
    for place, given in enumerate(assignments):
        account, rep = account_of.get(given.account_id), rep_of.get(given.rep_id)
        if account is None:
            issues.add("unknown_account", pointer(at, [place, "account_id"]), value=given.account_id)
        if rep is None:
            issues.add("unknown_rep", pointer(at, [place, "rep_id"]), value=given.rep_id)
        if account is None or rep is None:
            continue
        role = seats.role[first_seat[account]] if given.role is None else role_of.get(given.role, -1)
        seat = seat_of.get((account, int(role)))
        if seat is None:
            issues.add("unknown_role", pointer(at, [place, "role"]), value=given.role)
        elif reps[seat] >= 0:
            issues.add("duplicate_assignment", pointer(at, [place]), value=given.account_id)
        else:
            reps[seat] = rep
    return reps


def _start_seats(book: Book, plan: Plan, issues: IssueReport) -> Ints:
    """The seats of an earlier plan; what this problem no longer has is left out with a warning."""
    given = [AssignmentIn(account_id=item.account_id, role=item.role, rep_id=item.rep_id) for item in plan.assignments]
    found = IssueReport()
    reps = _seat_reps(book, given, found, "")
    if found.total:
        issues.add("start_plan_ignored", "", value=f"{found.total} of its assignments name what is not there")
    return reps


def _plan(
    problem: Problem,
    policy: Policy,
    options: Options,
    outcome: runs.Outcome,
    issues: IssueReport,
    seconds: dict[str, float],
) -> Plan:
    began = time.monotonic()
    pairs = outcome.formulation.pairs
    plan = Plan(
        problem_hash=problem_hash(problem),
        policy_hash=policy_hash(policy),
        seed=options.seed,
        versions={"coverplan": version("coverplan"), "ortools": version("ortools")},
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
        update |= _contents(outcome.formulation, outcome.choice, outcome.account)
        relative, absolute = gap(outcome.account.objective, outcome.dual_bound)
        update |= {"gap": relative, "absolute_gap": absolute, "dual_bound_source": outcome.bound_source}
    elif outcome.dual_bound is not None:
        update["dual_bound_source"] = outcome.bound_source
    if outcome.least_violating is not None:
        closest = outcome.least_violating
        contents = _contents(outcome.formulation, closest, ledger(outcome.formulation, closest))
        bare = plan.model_copy(
            update={"solution_status": "infeasible", "issues": [], "notes": [], "metrics": Metrics()}
        )
        update["least_violating"] = bare.model_copy(update=contents)
    seconds["decode"] = time.monotonic() - began
    metrics = plan.metrics.model_copy(
        update={
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
            "progress": [_progress(step) for step in outcome.progress],
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
    return plan.model_copy(update={**update, "metrics": metrics})


def _contents(formulation: Formulation, choice: Choice, account: Ledger) -> dict[str, object]:
    """The parts of a plan document that a choice fills."""
    decoder = Decoder(formulation, choice, account)
    return {
        "objective": decoder.objective(),
        "summary": decoder.summary(),
        "assignments": decoder.assignments(),
        "uncovered": decoder.uncovered(),
        "reps": decoder.reps(),
        "teams": decoder.teams(),
        "territories": decoder.territories(),
        "constraints": decoder.constraints(),
    }
