"""Documents in, plan out: what a service, a command or a child process calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.instance import Ints
from coverplan.formulation.naming import names
from coverplan.formulation.program import to_program
from coverplan.payload.assignment_checks import check_assignments
from coverplan.payload.checks import checked_book
from coverplan.payload.issues import IssueReport
from coverplan.payload.options import Options
from coverplan.payload.outcome import Listen, evaluate_book, finish_book, plan_of, request_of, solve_book
from coverplan.payload.plan import Assignment, AssignmentIn, Plan
from coverplan.payload.policy import Policy
from coverplan.payload.precedents import row_prices
from coverplan.payload.problem import Problem
from coverplan.runs.precedent import Precedent
from coverplan.runs.solve import formulate

__all__ = ["evaluate", "export", "finish", "request_of", "solve", "start_seats"]


def solve(
    problem: Problem,
    policy: Policy,
    options: Options,
    *,
    start_plan: Plan | None = None,
    other_plans: Sequence[Plan] = (),
    listen: Listen | None = None,
    checkpoint: Path | None = None,
) -> Plan:
    """Solve a problem under a policy.

    `other_plans` are answers for the same accounts and reps under any policy, the most alike first: where they keep
    the rules the answer is no worse, and their prices are where its bound begins, as are those of the start plan.

    `listen` hears objective, bound and phase; the best plan so far is kept in the folder `checkpoint`, from where
    `finish` takes it if this process is lost.

    Raises:
        PayloadError: the documents contradict themselves or each other.
    """
    began = time.monotonic()
    checked = checked_book(problem, policy)
    book, issues = checked.book, checked.issues
    start = None if start_plan is None else start_seats(book, start_plan.assignments, issues)
    seconds = {"load": time.monotonic() - began}
    outcome = solve_book(
        book,
        policy,
        options,
        seconds,
        start=start,
        precedents=precedents_of(book, start_plan, other_plans),
        listings=checked.listings,
        listen=listen,
        checkpoint=checkpoint,
    )
    return plan_of(policy, options, outcome, issues, seconds)


def precedents_of(book: Book, start_plan: Plan | None, other_plans: Sequence[Plan]) -> tuple[Precedent, ...]:
    """What other plans of a book offer; of the start plan, which is looked at by itself, the prices."""
    started = () if start_plan is None else (Precedent(prices=row_prices(start_plan.certificate)),)
    seats = [
        None if plan.objective is None else start_seats(book, plan.assignments, IssueReport()) for plan in other_plans
    ]
    others = zip(seats, other_plans, strict=True)
    return (*started, *(Precedent(reps, row_prices(plan.certificate)) for reps, plan in others))


def finish(problem: Problem, policy: Policy, options: Options, checkpoint: Path, stopped_by: str) -> Plan:
    """The best plan that a lost solve left in its checkpoint folder.

    Raises:
        FileNotFoundError: the solve was lost before it had begun.
    """
    checked = checked_book(problem, policy)
    outcome = finish_book(checked.book, policy, options, checkpoint, stopped_by)
    return plan_of(policy, options, outcome, checked.issues, {})


def evaluate(problem: Problem, policy: Policy, assignments: Sequence[AssignmentIn], at: str = "/assignments") -> Plan:
    """The plan document of given assignments, with their violations; nothing is solved.

    Raises:
        PayloadError: the documents contradict themselves or each other, or an assignment names what is not there.
    """
    checked = checked_book(problem, policy)
    book, issues = checked.book, checked.issues
    check_assignments(issues, problem, assignments, at)
    issues.raise_errors()
    reps, places = _seat_reps(book, assignments)
    outcome = evaluate_book(book, policy, reps, issues, at, places)
    return plan_of(policy, Options(), outcome, issues, {})


def export(problem: Problem, policy: Policy, path: Path) -> None:
    """Write the program as LP or MPS, by the suffix of the path; columns and rows carry the caller's ids.

    Raises:
        PayloadError: the documents contradict themselves or each other.
    """
    from coverplan.solvers.export import export as export_program  # noqa: PLC0415 - PuLP takes a moment to import

    formulation = formulate(request_of(checked_book(problem, policy).book, policy, Options(), None))
    columns, rows = names(formulation)
    export_program(to_program(formulation), path, columns, rows)


def _seat_reps(book: Book, assignments: Sequence[AssignmentIn]) -> tuple[Ints, Ints]:
    """Per seat the rep that the assignments give, and the number of that assignment; -1 without one."""
    instance, seats = book.instance, book.seats
    account_of = {name: code for code, name in enumerate(instance.accounts.ids)}
    rep_of = {name: code for code, name in enumerate(instance.reps.ids)}
    role_of = {name: code for code, name in enumerate(instance.roles)}
    seat_of = {key: seat for seat, key in enumerate(zip(seats.account.tolist(), seats.role.tolist(), strict=True))}
    first_seat = np.flatnonzero(seats.primary)
    reps, places = np.full(len(seats), -1, np.int32), np.full(len(seats), -1, np.int32)
    for place, given in enumerate(assignments):
        account, rep = account_of.get(given.account_id), rep_of.get(given.rep_id)
        seat = None
        if account is not None:
            role = seats.role[first_seat[account]] if given.role is None else role_of.get(given.role, -1)
            seat = seat_of.get((account, int(role)))
        if seat is not None and rep is not None and reps[seat] < 0:
            reps[seat], places[seat] = rep, place
    return reps, places


def start_seats(book: Book, seats: Sequence[Assignment], issues: IssueReport) -> Ints:
    """The reps of an earlier plan; what this problem no longer has is left out with a warning."""
    given = [AssignmentIn(account_id=seat.account_id, role=seat.role, rep_id=seat.rep_id) for seat in seats]
    reps, places = _seat_reps(book, given)
    lost = len(given) - int(np.count_nonzero(places >= 0))
    if lost:
        issues.add("start_plan_ignored", "/start_plan", value=f"{lost} of its assignments name what is not there")
    return reps
