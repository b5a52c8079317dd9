"""Where a choice stands: the activity of every row and the objective, kept up to date move by move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice
from coverplan.mip.rows import violation
from coverplan.pricing.segments import Indices
from coverplan.pricing.tie_rows import TieRows


@dataclass(frozen=True, eq=False)
class Move:
    """A choice that differs from the one that stands in some units."""

    units: Indices
    columns: Indices
    """The new column of each unit; -1: uncovered."""
    activity: Floats
    tie_activity: Floats
    objective: float
    missed: Floats
    """Violation of each hard row, what rounding admits left out; soft rows 0. Last: that of all hard ties."""


class Standing:
    """One choice per unit, its rows and its worth; hard rows may still be violated."""

    def __init__(self, formulation: Formulation, choice: Choice) -> None:
        self.formulation = formulation
        self.hard: Bools = np.isinf(formulation.penalty)
        self._allowed = np.maximum(*formulation.rounding)
        self.ties = TieRows.of(formulation)
        self.choice = choice.copy()
        self.recount()

    def recount(self) -> None:
        """Everything anew from the choice, so that rounding does not add up."""
        everything = np.arange(len(self.choice))
        self.activity = loads(self.formulation, everything, self.choice)
        self.tie_activity = column_sum(self.ties.matrix, self.choice[self.choice >= 0])
        self._worth = self._worth_of(everything, self.choice)
        paid, self.missed = self._judged(self.activity, self.tie_activity)
        self.objective = self._worth + paid

    @property
    def feasible(self) -> bool:
        """Every hard row holds."""
        return not self.missed.any()

    def move(self, units: Indices, columns: Indices) -> Move:
        """What giving these units other columns leads to."""
        old, ties = self.choice[units], self.ties.matrix
        activity = self.activity + loads(self.formulation, units, columns) - loads(self.formulation, units, old)
        tie_activity = self.tie_activity
        if len(self.ties):
            tie_activity = tie_activity + column_sum(ties, columns[columns >= 0]) - column_sum(ties, old[old >= 0])
        worth = self._worth + self._worth_of(units, columns) - self._worth_of(units, old)
        paid, missed = self._judged(activity, tie_activity)
        return Move(units, columns, activity, tie_activity, worth + paid, missed)

    def take(self, move: Move) -> None:
        """Make the move."""
        old = self.choice[move.units]
        self._worth += self._worth_of(move.units, move.columns) - self._worth_of(move.units, old)
        self.choice[move.units] = move.columns
        self.activity, self.tie_activity = move.activity, move.tie_activity
        self.objective, self.missed = move.objective, move.missed

    def _worth_of(self, units: Indices, columns: Indices) -> float:
        formulation, covered = self.formulation, columns >= 0
        return float(formulation.value[columns[covered]].sum() + formulation.idle_value[units[~covered]].sum())

    def _judged(self, activity: Floats, tie_activity: Floats) -> tuple[float, Floats]:
        """Offset less what violated soft rows and ties cost, and the violation of the hard ones."""
        formulation, hard = self.formulation, self.hard
        over = violation(activity, formulation.lower, formulation.upper)
        missed = np.where(hard & (over > self._allowed), over, 0.0)
        paid = formulation.offset - float(formulation.penalty[~hard] @ over[~hard])
        excess, soft = self.ties.excesses(tie_activity), np.isfinite(self.ties.penalty)
        paid -= float(self.ties.penalty[soft] @ excess[soft])
        return paid, np.append(missed, excess[~soft].sum())


def loads(formulation: Formulation, units: Indices, columns: Indices) -> Floats:
    """Activity of the rows from these units with these columns (-1: uncovered)."""
    covered = columns >= 0
    activity = column_sum(formulation.matrix, columns[covered])
    if formulation.idle_matrix.nnz:
        activity += column_sum(formulation.idle_matrix, units[~covered])
    return activity


def column_sum(matrix: sparse.csc_array, columns: Indices) -> Floats:
    """Sum of some columns."""
    entries, _ = entries_of(matrix, columns)
    return np.bincount(matrix.indices[entries], matrix.data[entries], matrix.shape[0]).astype(np.float64)


def entries_of(matrix: sparse.csc_array, columns: Indices) -> tuple[Indices, Indices]:
    """Positions of the entries of some columns, and the place in the list of the column of each."""
    entries, owner = ranges(matrix.indptr, columns)
    return entries, owner


def ranges(start: npt.NDArray[np.integer], owners: Indices) -> tuple[Indices, Indices]:
    """All members of some owners, where those of owner i lie from `start[i]` to `start[i + 1]`, and whose they are."""
    first = start[owners].astype(np.int64)
    length = start[owners + 1].astype(np.int64) - first
    whose = np.repeat(np.arange(len(owners)), length)
    within = np.arange(len(whose)) - np.repeat(np.cumsum(length) - length, length)
    return first[whose] + within, whose
