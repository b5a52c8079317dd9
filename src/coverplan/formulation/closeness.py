"""How far a plan is from today, counted in seats: owners lost, then moves, then new covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools
from coverplan.formulation.program import Choice

Counts = npt.NDArray[np.int64]
LOST, MOVED, NEW = range(3)


@dataclass(frozen=True, eq=False)
class Closeness:
    """Per choice of a unit three counts of its seats, the first weighs most; plans are compared by their sums.

    `LOST`: somebody holds the seat today and nobody would. `MOVED`: today's rep would not hold it any more. `NEW`:
    nobody holds it today and somebody would. Today itself is 0 in all of them.
    """

    columns: Counts
    """(columns, 3)."""
    idle: Counts
    """(units, 3): of each unit without a rep."""

    @classmethod
    def of(cls, pairs: Candidates) -> Self:
        """The counts of every column and every unit."""
        held = pairs.book.seats.held
        away = np.bincount(pairs.column, held[pairs.seat] & ~pairs.is_current, pairs.n_columns)
        new = np.bincount(pairs.column, ~held[pairs.seat], pairs.n_columns)
        columns = np.column_stack([np.zeros(pairs.n_columns), away, new]).astype(np.int64)
        owned = np.bincount(pairs.unit_of_seat, held, pairs.n_units)
        idle = np.column_stack([owned, owned, np.zeros(pairs.n_units)]).astype(np.int64)
        return cls(columns, idle)

    def of_units(self, choice: Choice) -> Counts:
        """The counts of each unit under a choice, (units, 3)."""
        counts = self.idle.copy()
        covered = choice >= 0
        counts[covered] = self.columns[choice[covered]]
        return counts

    def total(self, choice: Choice) -> tuple[int, int, int]:
        """Owners lost, moves and new covers of a whole plan; the smaller tuple is closer to today."""
        lost, moved, new = self.of_units(choice).sum(axis=0).tolist()
        return lost, moved, new

    def changed(self, choice: Choice) -> int:
        """Seats that are not as they are today."""
        return int(self.of_units(choice)[:, MOVED:].sum())

    def nearest(self, pairs: Candidates, columns: Bools, idle: Bools) -> Choice:
        """The open choice of each unit that is nearest to today, the first of equals; uncovered where none is open."""
        opened = np.flatnonzero(columns)
        best = np.full(pairs.n_units, -1, np.int64)
        if len(opened) == 0:
            return best
        lost, moved, new = self.columns[opened].T
        unit = pairs.column_unit[opened]
        order = np.lexsort((new, moved, lost, unit))
        first = order[np.diff(unit[order], prepend=-1) != 0]
        best[unit[first]] = opened[first]
        there = self.columns[np.maximum(best, 0)]
        apart = self.idle - there
        level = np.argmax(apart != 0, axis=1)
        sooner = apart[np.arange(pairs.n_units), level] < 0
        return np.where(idle & ((best < 0) | sooner), -1, best)
