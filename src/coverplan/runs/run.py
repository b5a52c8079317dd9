"""What every solve shares: the request, the incumbent, the clock, and the outcome at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from coverplan.constraints.base import Constraint
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.eligibility import CandidateRules
from coverplan.domain.instance import Bools, Ints
from coverplan.formulation.build import Formulation, build
from coverplan.formulation.objective import Weights
from coverplan.formulation.program import Choice, best_column
from coverplan.mip.program import Limits, Result, Status, StoppedBy, is_optimal
from coverplan.pricing.bound import admissible, upper_bound
from coverplan.pricing.dual import Found
from coverplan.runs.incumbent import Incumbent
from coverplan.runs.least_violating import least_violating
from coverplan.runs.outcome import Certificate, Checkpoint, Outcome, Report
from coverplan.solvers.relaxation import Relaxation

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Request:
    """What to solve. `start` is the rep of each seat (-1: uncovered), or None."""

    book: Book
    rules: Sequence[Constraint]
    weights: Weights
    candidates: CandidateRules
    limits: Limits
    method: str = "auto"
    backend: str = "auto"
    start: Ints | None = None


def formulate(request: Request) -> Formulation:
    """Merge families, list the admissible pairs and collect the rows."""
    merges = [links for rule in request.rules if (links := rule.merges(request.book)) is not None]
    links = np.concatenate(merges) if merges else None
    pairs = Candidates.of(request.book, request.candidates, links)
    return build(pairs, request.rules, request.weights)


@dataclass(frozen=True, eq=False)
class Setting:
    """Around a run: who listens, who keeps the best plan, since when the clock runs, and why this method."""

    report: Report | None
    checkpoint: Checkpoint | None
    began: float
    why: str


class Run:
    """One solve, phase by phase; the ways to solve derive from it."""

    used = "exact"

    def __init__(self, request: Request, formulation: Formulation, setting: Setting) -> None:
        self.request = request
        self.why = setting.why
        self.formulation = formulation
        self.impossible = formulation.impossible
        self.incumbent = Incumbent(formulation, setting.report, setting.checkpoint, setting.began)
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []
        self.reproducible = True
        self.listed = self._shortlist()
        self.hint: Choice | None = None
        if request.start is not None:
            self._take_start(request.start)

    def _shortlist(self) -> Bools | None:
        per_seat, pairs = self.request.candidates.per_seat, self.formulation.pairs
        if per_seat is None or pairs.n_columns == 0 or int(np.diff(pairs.unit_start).max()) <= per_seat:
            return None
        return pairs.shortlist(per_seat, self.request.limits.seed)

    def prove(self, found: Found) -> None:
        """Take prices of the Lagrangian dual. A bound of -inf proves that there is no plan."""
        self.impossible |= np.isneginf(found.bound)
        if np.isfinite(found.bound):
            self.incumbent.certify(Certificate(found.bound, found.prices, "lagrangian"))

    def certify(self, relaxed: Relaxation) -> None:
        """Take the prices of the linear relaxation."""
        if relaxed.row_prices is not None:
            prices = admissible(self.formulation, relaxed.row_prices[: self.formulation.n_rows])
            bound = upper_bound(self.formulation, prices)
            if np.isfinite(bound):
                self.incumbent.certify(Certificate(bound, prices, "lp_relaxation"))

    def remaining(self) -> float:
        return max(0.0, self.request.limits.time_limit_s - (time.monotonic() - self.incumbent.began))

    def timed(self, name: str, phase: Callable[[], T]) -> T:
        began = time.monotonic()
        self.incumbent.enter(name)
        try:
            return phase()
        finally:
            self.seconds[name] = time.monotonic() - began

    def _take_start(self, start: Ints) -> None:
        choice = choice_of(self.formulation, start)
        if choice is None or not self.incumbent.offer(choice):
            self.notes.append("the start plan breaks a hard rule under this policy: it was used as a hint only")
            self.hint = mended(self.formulation, start)
            self.incumbent.offer(self.hint)

    def conclude(self, result: Result, backend: str | None) -> Outcome:
        """The outcome: what the incumbent holds, judged by its own recount."""
        found, account = self.incumbent, self.incumbent.account
        status, stopped_by = result.status, result.stopped_by
        if account is not None:
            proven = is_optimal(account.objective, found.dual_bound)
            status = Status.OPTIMAL if proven else Status.FEASIBLE
            stopped_by = StoppedBy.PROOF if proven else stopped_by
        elif status is not Status.INFEASIBLE:
            status = Status.NO_SOLUTION
        found.enter("done")
        outcome = Outcome(
            formulation=self.formulation,
            status=status,
            stopped_by=stopped_by,
            choice=found.choice,
            account=account,
            dual_bound=found.dual_bound if np.isfinite(found.dual_bound) and status is not Status.INFEASIBLE else None,
            bound_source=self._bound_source(),
            certificate=None if status is Status.INFEASIBLE else found.certificate,
            used=self.used,
            backend=backend,
            why=self.why,
            reproducible=self.reproducible and result.reproducible if self.request.limits.deterministic else None,
            notes=(*self.notes, *result.notes),
            progress=tuple(found.trace),
            seconds=self.seconds,
        )
        if account is not None:
            return outcome
        return replace(outcome, least_violating=self.timed("least violating", lambda: self._closest(outcome)))

    def _closest(self, outcome: Outcome) -> Choice:
        prices = None if outcome.certificate is None else outcome.certificate.prices
        return least_violating(self.formulation, prices, replace(self.request.limits, time_limit_s=self.remaining()))

    def _bound_source(self) -> str | None:
        certificate = self.incumbent.certificate
        if not np.isfinite(self.incumbent.dual_bound):
            return None
        return (
            "prices"
            if certificate is not None and certificate.bound <= self.incumbent.dual_bound
            else "branch_and_bound"
        )


def choice_of(formulation: Formulation, rep_of_seat: Ints) -> Choice | None:
    """The choice that gives each seat this rep; None where a pair is not among the columns or members disagree."""
    pairs = formulation.pairs
    unit_rep = np.full(pairs.n_units, -2, np.int64)
    unit_rep[pairs.unit_of_seat] = rep_of_seat
    if (unit_rep[pairs.unit_of_seat] != rep_of_seat).any():
        return None
    keys = pairs.column_unit.astype(np.int64) * pairs.instance.n_reps + pairs.column_rep
    wanted = np.arange(pairs.n_units) * pairs.instance.n_reps + unit_rep
    place = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
    covered = unit_rep >= 0
    found = covered & (keys[place] == wanted) if len(keys) else np.zeros(pairs.n_units, np.bool_)
    return None if (covered & ~found).any() else np.where(covered, place, -1)


def mended(formulation: Formulation, rep_of_seat: Ints) -> Choice:
    """As much of an earlier plan as the open columns admit; a merged unit follows its first member that fits."""
    pairs = formulation.pairs
    best = best_column(formulation, np.where(formulation.open_column, formulation.value, -np.inf))
    choice = np.where(formulation.may_idle, -1, best)
    keys = pairs.column_unit.astype(np.int64) * pairs.instance.n_reps + pairs.column_rep
    if len(keys) == 0:
        return choice
    wanted = pairs.unit_of_seat.astype(np.int64) * pairs.instance.n_reps + rep_of_seat
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    fits = (rep_of_seat >= 0) & (keys[place] == wanted) & formulation.open_column[place]
    seats = np.flatnonzero(fits)[::-1]
    choice[pairs.unit_of_seat[seats]] = place[seats]
    return choice
