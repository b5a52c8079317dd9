"""What every backend shares: the best point and bound of a solve, and the honest reading of how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

import numpy as np

from coverplan.mip.feasibility import Settling, broken_rows, is_feasible, row_sizes, unmet_without_entries
from coverplan.mip.program import (
    Floats,
    Limits,
    Listener,
    Program,
    Result,
    Status,
    Step,
    StoppedBy,
    close_enough,
    is_optimal,
    not_refuted,
)
from coverplan.solvers.split import Split, split

NARROWING = 1e-6
"""Share of a row's largest coefficient that no backend's tolerance exceeds."""


def _by_tolerances(_bounds: Floats, sizes: Floats) -> Floats:
    return NARROWING * sizes


class Ended(Enum):
    """How a backend says that its search ended."""

    COMPLETE = auto()
    """Within its tolerances, or nothing left to search."""
    INFEASIBLE = auto()
    TIME = auto()
    WORK = auto()
    FAILED = auto()


class Search:
    """The best point and bound so far; each improvement reaches the listener.

    Points are settled and checked against the program as given: what is not feasible there never counts, nor does what
    lives on tolerances. A feasible `start` is the first point, so that no answer is worse.
    """

    def __init__(self, program: Program, limits: Limits, start: Floats | None, listen: Listener | None) -> None:
        self.program = program
        self.limits = limits
        self.x: Floats | None = None
        self.objective = -np.inf
        self.dual_bound = np.inf
        self.notes: list[str] = []
        self.overdrawn = -np.inf
        """Worth of the best point that keeps the rows only as far as tolerances go."""
        self._began = time.monotonic()
        self._listen = listen
        self._settle = Settling(program)
        self.start = self._settle(start) if start is not None and start.shape == program.objective.shape else None
        if start is not None and (self.start is None or not self.found(self.start)):
            self.notes.append("the start point breaks a row or bound: used as a hint only")

    def remaining(self) -> float:
        """Seconds left of the time limit, at least a hundredth."""
        return max(0.01, self.limits.time_limit_s - (time.monotonic() - self._began))

    def found(self, x: Floats) -> bool:
        """Take a point; True if it is feasible, rounding aside."""
        x = self._settle(x)
        objective = self.program.value(x)
        if not is_feasible(self.program, x) or broken_rows(self.program, x).any():
            if np.isfinite(objective) and not broken_rows(self.program, x, _by_tolerances).any():
                self.overdrawn = max(self.overdrawn, objective)
            return False
        if objective > self.objective:
            self.x, self.objective = x, objective
            self._tell(Step(objective=objective, x=x))
        return True

    def bounded(self, dual_bound: float) -> None:
        """Take an upper bound on the optimum."""
        if dual_bound < self.dual_bound:
            self.dual_bound = dual_bound
            self._tell(Step(dual_bound=dual_bound))

    def _tell(self, step: Step) -> None:
        if self._listen is not None:
            self._listen(step)

    def result(self, ended: Ended) -> Result:
        """The result, whatever the backend calls it."""
        if self.x is None:
            return self._without_point(ended)
        if ended is Ended.INFEASIBLE:
            self.notes.append("the backend called the program infeasible, yet a feasible point is at hand")
            self.dual_bound, ended = np.inf, Ended.FAILED
        bound = not_refuted(self.dual_bound, self.objective, self.program.size)
        if np.isinf(bound) and np.isfinite(self.dual_bound):
            self.notes.append("the backend's bound is below its own point: it is not believed")
        optimal = is_optimal(self.objective, bound, self.program.size)
        return Result(
            status=Status.OPTIMAL if optimal else Status.FEASIBLE,
            stopped_by=self._stopped_by(ended, bound, optimal),
            x=self.x,
            objective=self.objective,
            dual_bound=bound,
            reproducible=ended in (Ended.COMPLETE, Ended.WORK),
            notes=tuple(self.notes),
        )

    def _without_point(self, ended: Ended) -> Result:
        if ended is Ended.INFEASIBLE:
            return Result(Status.INFEASIBLE, StoppedBy.PROOF, dual_bound=-np.inf, notes=tuple(self.notes))
        if ended is Ended.COMPLETE:
            self.notes.append("the backend's solution breaks a row of the unscaled program")
            ended = Ended.FAILED
        return Result(
            Status.NO_SOLUTION,
            _LIMITS[ended],
            dual_bound=self.dual_bound,
            reproducible=ended is Ended.WORK,
            notes=tuple(self.notes),
        )

    def _stopped_by(self, ended: Ended, bound: float, optimal: bool) -> StoppedBy:
        if optimal:
            return StoppedBy.PROOF
        if close_enough(self.objective, bound, self.limits, self.program.size) or ended is Ended.COMPLETE:
            return StoppedBy.GAP
        return _LIMITS[ended]


_ORDER = (Ended.FAILED, Ended.TIME, Ended.WORK, Ended.COMPLETE)
_LIMITS = {Ended.TIME: StoppedBy.TIME_LIMIT, Ended.WORK: StoppedBy.WORK_LIMIT, Ended.FAILED: StoppedBy.SOLVER_LOST}
_ENDED = {stopped: ended for ended, stopped in _LIMITS.items()}


def solve_with(
    drive: Callable[[Search], Ended],
    program: Program,
    limits: Limits,
    start: Floats | None,
    listen: Listener | None,
) -> Result:
    """Run a backend's `drive` unless the program answers itself: it contradicts itself, or has no column."""
    if contradicts_itself(program):
        return Result(Status.INFEASIBLE, StoppedBy.PROOF, dual_bound=-np.inf)
    search = Search(program, limits, start, listen)
    if program.objective.size == 0:
        search.found(np.zeros(0))
        search.bounded(program.offset)
        return search.result(Ended.COMPLETE)
    parts = split(program)
    if parts is not None:
        return search.result(_one_after_the_other(search, drive, parts))
    ended = drive(search)
    if search.overdrawn > search.objective:
        _keep_to_the_rows(search, drive)
    return search.result(ended)


def _one_after_the_other(search: Search, drive: Callable[[Search], Ended], parts: Split) -> Ended:
    """Solve an objective that no backend can hold whole in two parts; see `split`."""
    search.notes.append("penalties outweigh the money beyond what a solver can tell apart: settled first, money second")

    def hear(step: Step) -> None:
        if step.x is not None:
            search.found(step.x)

    limits = replace(search.limits, time_limit_s=0.5 * search.remaining(), relative_gap=0.0, absolute_gap=0.0)
    first = solve_with(drive, parts.first(), limits, search.start, hear)
    if first.x is None or first.objective is None:
        return Ended.INFEASIBLE if first.status is Status.INFEASIBLE else _ENDED.get(first.stopped_by, Ended.FAILED)
    heavy, limits = first.objective, replace(search.limits, time_limit_s=search.remaining())
    second = solve_with(drive, parts.second(heavy), limits, first.x, hear)
    search.notes.extend(second.notes)
    if np.isfinite(second.dual_bound):
        search.bounded(parts.bound(heavy, first.dual_bound, second.dual_bound))
    return min((_ENDED.get(part.stopped_by, Ended.COMPLETE) for part in (first, second)), key=_ORDER.index)


def _keep_to_the_rows(search: Search, drive: Callable[[Search], Ended]) -> None:
    """Have a backend that used up its tolerances solve again, with rows narrowed by as much: its points then count.

    The bound of the first solve stays; that of the narrowed rows would be none.
    """
    program, sizes = search.program, NARROWING * row_sizes(search.program)
    two_sided = program.row_upper - program.row_lower <= 2.0 * sizes
    narrowed = replace(
        program,
        row_lower=np.where(two_sided, program.row_lower, program.row_lower + sizes),
        row_upper=np.where(two_sided, program.row_upper, program.row_upper - sizes),
    )
    limits = replace(search.limits, time_limit_s=search.remaining())
    again = Search(narrowed, limits, search.x, None)
    drive(again)
    if again.x is not None:
        search.found(again.x)


def contradicts_itself(program: Program) -> bool:
    """Bounds that cross, an integer column without a whole number between them, or an empty row that asks for more."""
    lower = np.where(program.integer, np.ceil(program.lower - 1e-9), program.lower)
    upper = np.where(program.integer, np.floor(program.upper + 1e-9), program.upper)
    crossed = (lower > upper).any() or (program.row_lower > program.row_upper).any()
    return bool(crossed or unmet_without_entries(program).any())
