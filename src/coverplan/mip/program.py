"""A mixed-integer program as flat arrays, and what a backend says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ABSOLUTE_HAIR, RELATIVE_HAIR = 1e-6, 1e-9


@dataclass(frozen=True, eq=False)
class Program:
    """Maximise `objective @ x + offset` subject to `row_lower <= matrix @ x <= row_upper`, `lower <= x <= upper`.

    Absent bounds are infinite. `integer` marks the columns that must be whole.
    """

    objective: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    offset: float = 0.0

    def value(self, x: Floats) -> float:
        """Objective of the point x, offset included."""
        return float(self.objective @ x) + self.offset

    @property
    def size(self) -> float:
        """Largest amount that one integer column brings (any column where those bring none); 1 where nothing does."""
        sizes = np.abs(self.objective)
        return float(sizes[self.integer].max(initial=0.0) or sizes.max(initial=0.0)) or 1.0

    def violation(self, x: Floats) -> float:
        """Largest violation of a row or bound at x."""
        activity = self.matrix @ x
        parts = (self.row_lower - activity, activity - self.row_upper, self.lower - x, x - self.upper)
        return max((float(part.max(initial=0.0)) for part in parts), default=0.0)


class Status(StrEnum):
    """What a solve established."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    NO_SOLUTION = "no_solution_found"


class StoppedBy(StrEnum):
    """Why a solve ended."""

    GAP = "gap"
    PROOF = "proof"
    LISTED_PAIRS = "listed_pairs"
    TIME_LIMIT = "time_limit"
    WORK_LIMIT = "work_limit"
    FINISHED_BY_CALLER = "finished_by_caller"
    SHUTDOWN = "shutdown"
    CANCELLED = "cancelled"
    SOLVER_LOST = "solver_lost"
    MEMORY_LIMIT = "memory_limit"


@dataclass(frozen=True)
class Limits:
    """When to stop. `work_limit` counts in the backend's own deterministic unit; None is none."""

    time_limit_s: float = 30.0
    relative_gap: float = 1e-3
    absolute_gap: float = 0.0
    seed: int = 0
    deterministic: bool = False
    work_limit: float | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """News from a running backend: a better point, a better bound, or both."""

    objective: float | None = None
    dual_bound: float | None = None
    x: Floats | None = None


Listener = Callable[[Step], None]


@dataclass(frozen=True, eq=False)
class Result:
    """What a backend found: status, best point, bound, and what its numbers do not promise.

    `dual_bound` is an upper bound on the optimum (+inf: none). FEASIBLE is not NO_SOLUTION: a point is at hand.
    """

    status: Status
    stopped_by: StoppedBy
    x: Floats | None = None
    objective: float | None = None
    dual_bound: float = np.inf
    reproducible: bool = True
    """False when the wall clock decided where the search ended."""
    notes: tuple[str, ...] = field(default_factory=tuple)


def gap(objective: float | None, dual_bound: float | None) -> tuple[float | None, float | None]:
    """Relative and absolute gap of a maximisation; None without an objective or a finite bound."""
    if objective is None or dual_bound is None or not np.isfinite(dual_bound):
        return None, None
    difference = max(0.0, dual_bound - objective)
    return difference / max(abs(objective), 1e-9), difference


def close_enough(objective: float | None, dual_bound: float | None, limits: Limits, size: float = 1.0) -> bool:
    """Whether the gap is within one of the limits' tolerances, or within rounding: a search has nothing left to do."""
    relative, absolute = gap(objective, dual_bound)
    if objective is None or dual_bound is None or relative is None or absolute is None:
        return False
    return relative <= limits.relative_gap or absolute <= limits.absolute_gap or is_optimal(objective, dual_bound, size)


def hair(objective: float, size: float = 1.0) -> float:
    """What rounding may set a bound and an objective apart by: 1e-9 of the objective, at least 1e-6 of the money unit.

    `size` is the largest amount that one choice brings: where that is below 1, the least is 1e-6 of it.
    """
    return max(ABSOLUTE_HAIR * min(1.0, size), RELATIVE_HAIR * abs(objective))


def is_optimal(objective: float, dual_bound: float, size: float = 1.0) -> bool:
    """Whether the bound proves the objective optimal to within rounding; see `hair`."""
    return dual_bound - objective <= hair(objective, size)


def not_refuted(dual_bound: float, objective: float, size: float = 1.0) -> float:
    """The bound, at least the objective of a point at hand; +inf where that is more than rounding above it.

    A bound that a point refutes says nothing: to lift it to the point would turn the error into a proof.
    """
    return max(dual_bound, objective) if dual_bound >= objective - hair(objective, size) else np.inf
