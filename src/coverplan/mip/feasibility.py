"""When a point counts as feasible, and how a solver's nearly whole point becomes one.

Two measures, never mixed. What a plan is *judged* by is `tolerance`: an answer for people, who type decimals. What a
search may *use* is `rounding`, which is all that floats need: a plan that lives on more is worth more than the prices
of its rows can prove, so that its proof and its worth contradict each other. Both go by the row's own size, since a
millionth of an hour is nothing beside hours and a fifth of an account that takes five millionths.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from coverplan.mip.program import Bools, Floats, Program

Indices = npt.NDArray[np.intp]

ABSOLUTE_TOLERANCE = 1e-6
RELATIVE_TOLERANCE = 1e-9


def tolerance(bounds: Floats, sizes: Floats | float = 1.0) -> Floats:
    """Violation that a plan is forgiven at each bound: 1e-6 + 1e-9 |bound|.

    `sizes` is what each row adds up to, signs aside; a row that adds up to less than 1 is forgiven 1e-6 of that.
    """
    return ABSOLUTE_TOLERANCE * np.minimum(1.0, sizes) + RELATIVE_TOLERANCE * _finite(bounds)


def rounding(bounds: Floats, sizes: Floats) -> Floats:
    """Violation that floats explain: 1e-9 of the bound, or of the row's size if that is more, and never a tolerance."""
    least = RELATIVE_TOLERANCE * np.maximum(_finite(bounds), sizes)
    return np.minimum(least, tolerance(bounds, sizes))


def _finite(bounds: Floats) -> Floats:
    return np.where(np.isfinite(bounds), np.abs(bounds), 0.0)


def row_sizes(program: Program) -> Floats:
    """Largest absolute coefficient of each row; 0 without one."""
    matrix, sizes = program.matrix, np.zeros(program.row_lower.size)
    np.maximum.at(sizes, np.repeat(np.arange(sizes.size), np.diff(matrix.indptr)), np.abs(matrix.data))
    return sizes


def unmet_without_entries(program: Program) -> Bools:
    """Rows without an entry that ask for something."""
    empty = np.diff(program.matrix.indptr) == 0
    return np.asarray(empty & ((program.row_lower > 0.0) | (program.row_upper < 0.0)))


def is_feasible(program: Program, x: Floats) -> bool:
    """Whether x keeps every row, bound and integrality, each within its tolerance."""
    if x.shape != program.objective.shape or not np.isfinite(x).all():
        return False
    whole = x[program.integer]
    if (np.abs(whole - np.rint(whole)) > ABSOLUTE_TOLERANCE).any():
        return False
    inside = (x >= program.lower - tolerance(program.lower)) & (x <= program.upper + tolerance(program.upper))
    return bool(inside.all()) and not broken_rows(program, x, tolerance).any()


def broken_rows(program: Program, x: Floats, measure: Callable[[Floats, Floats], Floats] = rounding) -> Bools:
    """Rows that x misses by more than rounding explains, or by another `measure`.

    Rows with continuous columns show a solver's own tolerances and have theirs in any case.
    """
    activity, sizes, matrix = program.matrix @ x, row_sizes(program), program.matrix
    lax = np.zeros(sizes.size, dtype=np.bool_)
    owner = np.repeat(np.arange(sizes.size), np.diff(matrix.indptr))
    lax[owner[~program.integer[matrix.indices] & (matrix.data != 0.0)]] = True
    broken = np.zeros(sizes.size, dtype=np.bool_)
    for bound, missed in (
        (program.row_lower, program.row_lower - activity),
        (program.row_upper, activity - program.row_upper),
    ):
        broken |= missed > np.where(lax, tolerance(bound, sizes), measure(bound, sizes))
    return broken


class Settling:
    """Rounds integer columns, then resets each slack to the least that its row needs.

    A slack is a continuous column from 0 that stands in one row and never earns money; only the cheapest per row and
    direction is used. Rows where that one does not reach far enough keep the solver's slacks.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        matrix = program.matrix
        uses = np.bincount(matrix.indices, minlength=program.objective.size)
        slack = ~program.integer & (uses == 1) & (program.lower == 0.0) & (program.objective <= 0.0)
        entries = np.flatnonzero(slack[matrix.indices] & (matrix.data != 0.0))
        self.columns: Indices = matrix.indices[entries].astype(np.intp)
        self.rows: Indices = np.searchsorted(matrix.indptr, entries, side="right") - 1
        self.coefficients: Floats = matrix.data[entries]
        self.cheapest = self._cheapest()

    def _cheapest(self) -> npt.NDArray[np.bool_]:
        raises = self.coefficients > 0.0
        cost = -self.program.objective[self.columns] / np.abs(self.coefficients)
        order = np.lexsort((cost, raises, self.rows))
        rows, raising = self.rows[order], raises[order]
        first = np.ones(order.size, dtype=np.bool_)
        first[1:] = (rows[1:] != rows[:-1]) | (raising[1:] != raising[:-1])
        cheapest = np.zeros(order.size, dtype=np.bool_)
        cheapest[order[first]] = True
        return cheapest

    def __call__(self, x: Floats) -> Floats:
        """The settled copy of x."""
        program = self.program
        settled = np.clip(x, program.lower, program.upper)
        settled[program.integer] = np.rint(settled[program.integer])
        if self.columns.size == 0:
            return settled
        found = settled[self.columns]
        settled[self.columns] = 0.0
        activity = (program.matrix @ settled)[self.rows]
        need = np.where(
            self.coefficients > 0.0, program.row_lower[self.rows] - activity, activity - program.row_upper[self.rows]
        )
        least = np.where(self.cheapest, np.maximum(need, 0.0) / np.abs(self.coefficients), 0.0)
        short = np.zeros(program.row_lower.size, dtype=np.bool_)
        short[self.rows[least > program.upper[self.columns]]] = True
        settled[self.columns] = np.where(short[self.rows], found, least)
        return settled
