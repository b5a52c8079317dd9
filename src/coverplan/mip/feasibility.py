"""When a point counts as feasible, and how a solver's nearly whole point becomes one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.mip.program import Floats, Program

Indices = npt.NDArray[np.intp]

ABSOLUTE_TOLERANCE = 1e-6
RELATIVE_TOLERANCE = 1e-9


def tolerance(bounds: Floats) -> Floats:
    """Violation allowed at each bound: 1e-6 + 1e-9 |bound|."""
    return ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * np.where(np.isfinite(bounds), np.abs(bounds), 0.0)


def is_feasible(program: Program, x: Floats) -> bool:
    """Whether x keeps every row, bound and integrality, each within its tolerance."""
    if x.shape != program.objective.shape or not np.isfinite(x).all():
        return False
    whole = x[program.integer]
    if (np.abs(whole - np.rint(whole)) > ABSOLUTE_TOLERANCE).any():
        return False
    activity = program.matrix @ x
    return _within(activity, program.row_lower, program.row_upper) and _within(x, program.lower, program.upper)


def _within(values: Floats, lower: Floats, upper: Floats) -> bool:
    return bool(np.all(values >= lower - tolerance(lower)) and np.all(values <= upper + tolerance(upper)))


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
