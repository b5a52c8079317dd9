"""Solve: candidates, formulation, relaxation, rounding, branch and bound, and the recount of what they found."""

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
from coverplan.formulation.program import Choice, to_point, to_program
from coverplan.mip.program import Limits, Result, Status, StoppedBy, close_enough, is_optimal
from coverplan.pricing.bound import admissible, upper_bound
from coverplan.runs.choice import pick
from coverplan.runs.incumbent import Incumbent
from coverplan.runs.least_violating import least_violating
from coverplan.runs.outcome import Certificate, Checkpoint, Outcome, Report
from coverplan.solvers.registry import backend
from coverplan.solvers.relaxation import Relaxation, relaxation

T = TypeVar("T")
ROUND_FROM = 4_000
"""Columns from which a rounded plan is sought before branch and bound; below, the backend has one at once."""
ROUNDING_SHARE = 0.2
"""Share of the remaining time that rounding may take."""


@dataclass(frozen=True, eq=False)
class Request:
    """What to solve. `start` is the rep of each seat (-1: uncovered), or None."""

    book: Book
    rules: Sequence[Constraint]
    weights: Weights
    candidates: CandidateRules
    limits: Limits
    backend: str = "auto"
    start: Ints | None = None


def formulate(request: Request) -> Formulation:
    """Merge families, list the admissible pairs and collect the rows."""
    merges = [links for rule in request.rules if (links := rule.merges(request.book)) is not None]
    links = np.concatenate(merges) if merges else None
    pairs = Candidates.of(request.book, request.candidates, links)
    return build(pairs, request.rules, request.weights)


def solve(request: Request, report: Report | None = None, checkpoint: Checkpoint | None = None) -> Outcome:
    """Solve within the limits; the answer is recounted from the decoded choice."""
    run = _Run(request, formulate(request), report, checkpoint)
    return run.answer()


class _Run:
    """One exact solve, phase by phase."""

    def __init__(
        self, request: Request, formulation: Formulation, report: Report | None, checkpoint: Checkpoint | None
    ) -> None:
        self.request = request
        self.formulation = formulation
        self.incumbent = Incumbent(formulation, report, checkpoint)
        self.listed = self._shortlist()
        self.program = to_program(formulation, self.listed)
        self.seconds: dict[str, float] = {}
        self.notes: list[str] = []

    def answer(self) -> Outcome:
        """Relax, round, branch and bound."""
        if self.request.start is not None:
            self._take_start(self.request.start)
        relaxed = self._timed("relaxation", self._relax)
        if self.formulation.impossible or (relaxed is not None and relaxed.status is Status.INFEASIBLE):
            return self._conclude(Result(Status.INFEASIBLE, StoppedBy.PROOF), "none", "the relaxation has no solution")
        if relaxed is not None and relaxed.x is not None and self.formulation.pairs.n_columns >= ROUND_FROM:
            self._timed("rounding", lambda: self._round(relaxed))
        name, why = pick(self.request.backend, self.formulation)
        return self._conclude(self._timed("search", lambda: self._search(name)), name, why)

    def _shortlist(self) -> Bools | None:
        per_seat, pairs = self.request.candidates.per_seat, self.formulation.pairs
        if per_seat is None or pairs.n_columns == 0 or int(np.diff(pairs.unit_start).max()) <= per_seat:
            return None
        return pairs.shortlist(per_seat, self.request.limits.seed)

    def _remaining(self) -> float:
        return max(0.0, self.request.limits.time_limit_s - (time.monotonic() - self.incumbent.began))

    def _timed(self, name: str, phase: Callable[[], T]) -> T:
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

    def _relax(self) -> Relaxation | None:
        """The root relaxation, its prices and the bound they prove."""
        whole = self.program if self.listed is None else to_program(self.formulation)
        relaxed = relaxation(whole, self._remaining())
        if relaxed is None:
            self.notes.append("the root relaxation did not end within the time limit: all prices are 0")
        if relaxed is None or relaxed.status is Status.OPTIMAL:
            rows = self.formulation.n_rows
            found = None if relaxed is None else relaxed.row_prices
            prices = admissible(self.formulation, np.zeros(rows) if found is None else found[:rows])
            bound = upper_bound(self.formulation, prices)
            if np.isfinite(bound):
                self.incumbent.certify(Certificate(bound, prices, "lp_relaxation"))
        return relaxed

    def _round(self, relaxed: Relaxation) -> None:
        """Keep what the relaxation decides whole and solve the few contested units by branch and bound."""
        n_columns, n_units = self.formulation.pairs.n_columns, self.formulation.pairs.n_units
        assert relaxed.x is not None
        decided = relaxed.x[: n_columns + n_units] > 1.0 - 1e-6
        unit = np.concatenate([self.formulation.pairs.column_unit, np.arange(n_units)])
        settled = np.zeros(n_units, np.bool_)
        settled[unit[decided]] = True
        upper = self.program.upper.copy()
        upper[: n_columns + n_units] = np.where(settled[unit], decided, upper[: n_columns + n_units])
        part = replace(self.program, upper=upper)
        limits = replace(
            self.request.limits, time_limit_s=ROUNDING_SHARE * self._remaining(), relative_gap=1e-3, absolute_gap=0.0
        )
        backend("highs").solve(part, limits, None, self.incumbent.hear_points)

    def _search(self, name: str) -> Result:
        """Branch and bound on the whole program, unless the gap is closed already."""
        limits, choice = self.request.limits, self.incumbent.choice
        if close_enough(self.incumbent.objective, self.incumbent.dual_bound, limits):
            return Result(Status.FEASIBLE, StoppedBy.GAP)
        start = None if choice is None else to_point(self.formulation, self.program, choice)
        if start is None and self.request.start is not None:
            hint = choice_of(self.formulation, self.request.start)
            start = None if hint is None else to_point(self.formulation, self.program, hint)
        listen = self.incumbent.hear if self.listed is None else self.incumbent.hear_points
        result = backend(name).solve(self.program, replace(limits, time_limit_s=self._remaining()), start, listen)
        if self.listed is None and result.status is not Status.INFEASIBLE:
            self.incumbent.bounded(result.dual_bound)
        if result.status is Status.INFEASIBLE and self.listed is not None:
            self.notes.append("no plan among the shortlisted pairs: raise candidates.per_seat")
            return replace(result, status=Status.NO_SOLUTION)
        return result

    def _conclude(self, result: Result, name: str, why: str) -> Outcome:
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
            backend=name,
            why=why,
            reproducible=result.reproducible if self.request.limits.deterministic else None,
            notes=(*self.notes, *result.notes),
            progress=tuple(found.trace),
            seconds=self.seconds,
        )
        if account is not None:
            return outcome
        return replace(outcome, least_violating=self._timed("least violating", lambda: self._closest(outcome)))

    def _closest(self, outcome: Outcome) -> Choice:
        prices = None if outcome.certificate is None else outcome.certificate.prices
        return least_violating(self.formulation, prices, replace(self.request.limits, time_limit_s=self._remaining()))

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
