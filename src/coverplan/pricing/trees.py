"""Trees: units of one role whose reps should be their parent unit's, with their closed-form maximum.

From the leaves to the roots each unit hands up, for every rep of its parent, the better of going along with it and of
going its own way at the weight of the tie; idle costs nothing. Back from the roots the choice is read off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.pricing.segments import Indices, larger, maxima, shares


@dataclass(frozen=True, eq=False)
class Level:
    """Units at one depth below the roots. Units and columns are local."""

    child: Indices
    parent: Indices
    weight: Floats
    column: Indices
    """Columns of the children, ordered by child."""
    owner: Indices
    """Position in `child` of each column."""
    meets: Indices
    """Positions in `column` of those whose rep the parent may have, and the parent's column of each."""
    meets_parent: Indices


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a formulation."""

    n_units: int
    unit_of_column: Indices
    levels: tuple[Level, ...]
    """From the children of the roots down."""
    roots: Indices

    @classmethod
    def of(cls, unit_of_column: Indices, label: Indices, parent: Indices, weight: Floats) -> Self:
        """From local columns ordered by unit and label, and the parent of each local unit (-1: a root)."""
        depth, above = np.zeros(len(parent), np.int64), parent.copy()
        while (above >= 0).any():
            depth += above >= 0
            above = np.where(above >= 0, parent[np.maximum(above, 0)], -1)
        width = int(label.max(initial=0)) + 1
        keys = unit_of_column * width + label
        levels = []
        for step in range(1, int(depth.max(initial=0)) + 1):
            child = np.flatnonzero(depth == step)
            column = np.flatnonzero(depth[unit_of_column] == step)
            owner = np.searchsorted(child, unit_of_column[column])
            wanted = parent[unit_of_column[column]] * width + label[column]
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            meets = np.flatnonzero(keys[place] == wanted)
            levels.append(Level(child, parent[child], weight[child], column, owner, meets, place[meets]))
        return cls(len(parent), unit_of_column, tuple(levels), np.flatnonzero(parent < 0))

    def maxima(self, worth: Floats, idle: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
        """Smoothed maximum per tree, share of each column, and of each idle unit."""
        gains, alone = worth.copy(), idle.copy()
        aparts, bests = [], []
        for level in reversed(self.levels):
            mine = gains[level.column]
            best = maxima(mine, level.owner, len(level.child), temperature)
            apart, _ = larger(best - level.weight, alone[level.child], temperature)
            handed = np.bincount(level.parent, apart, self.n_units)
            along, _ = larger(mine[level.meets], apart[level.owner[level.meets]], temperature)
            gains += handed[self.unit_of_column]
            alone += handed
            extra = along - apart[level.owner[level.meets]]
            gains += np.bincount(level.meets_parent, extra, len(gains))
            aparts.append(apart)
            bests.append(best)
        value, column, empty = self._roots(gains, alone, temperature)
        for level, apart, best in zip(self.levels, reversed(aparts), reversed(bests), strict=True):
            self._below(level, gains, alone, apart, best, column, empty, temperature)
        return value, column, empty

    def _roots(self, gains: Floats, alone: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
        best = maxima(gains, self.unit_of_column, self.n_units, temperature)
        value, covered = larger(best, alone, temperature)
        covered = np.where(np.isneginf(best), 0.0, covered)
        column = covered[self.unit_of_column] * shares(gains, self.unit_of_column, best, temperature)
        is_root = np.zeros(self.n_units, np.bool_)
        is_root[self.roots] = True
        return value[self.roots], np.where(is_root[self.unit_of_column], column, 0.0), np.where(is_root, 1 - covered, 0)

    def _below(
        self,
        level: Level,
        gains: Floats,
        alone: Floats,
        apart: Floats,
        best: Floats,
        column: Floats,
        empty: Floats,
        temperature: float,
    ) -> None:
        """Shares of one level from those of the level above."""
        mine = gains[level.column]
        _, along = larger(mine[level.meets], apart[level.owner[level.meets]], temperature)
        together = np.zeros(len(mine))
        together[level.meets] = column[level.meets_parent] * along
        free = np.clip(1.0 - np.bincount(level.owner, together, len(level.child)), 0.0, 1.0)
        _, covered = larger(best - level.weight, alone[level.child], temperature)
        covered = np.where(np.isneginf(best), 0.0, covered)
        spread = (free * covered)[level.owner] * shares(mine, level.owner, best, temperature)
        column[level.column] = together + spread
        empty[level.child] = free * (1.0 - covered)
