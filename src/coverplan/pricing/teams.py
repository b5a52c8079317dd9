"""Teams: units of one account whose reps should carry one label (sit in one pod), with their closed-form maximum.

A team takes a partition: some units idle, the others in groups, each group under one label. Units of different groups
pay the weight of their tie (infinite where the rule is hard). Two groups under one label pay what is not due; the
partition that joins them does not, so the maximum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Self

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.pricing.segments import Indices, maxima, shares

LARGEST_TEAM = 5
"""Units per team up to which all partitions are tried (203 of 5); the ties of larger teams are left out."""

Group = tuple[int, ...]


@cache
def partitions(size: int) -> list[tuple[Group, tuple[Group, ...]]]:
    """Every way to leave some positions idle and to put the others into groups."""
    if size == 0:
        return [((), ())]
    found = []
    last = size - 1
    for idle, groups in partitions(last):
        found.append(((*idle, last), groups))
        found.append((idle, (*groups, (last,))))
        for place, group in enumerate(groups):
            found.append((idle, (*groups[:place], (*group, last), *groups[place + 1 :])))
    return found


@dataclass(frozen=True, eq=False)
class Teams:
    """All teams of one size. Columns are local: those of the teams' units, ordered by unit and label."""

    size: int
    count: int
    weights: dict[Group, Floats]
    """Weight of the tie of two positions, per team."""
    cell_of_column: Indices
    """A cell is a unit under a label."""
    cells: int
    joints: dict[Group, tuple[Indices, Indices]]
    """Per group of positions: cells that share a label, (joints, group), and the team of each; ordered by team."""

    @classmethod
    def of(cls, owner: Indices, label: Indices, count: int, size: int, weights: dict[Group, Floats]) -> Self:
        """From local columns ordered by owner (team x size + position) and label."""
        width = int(label.max(initial=0)) + 1
        keys, cell = np.unique(owner * width + label, return_inverse=True)
        cell_owner, cell_label = np.divmod(keys, width)
        team, position = np.divmod(cell_owner, size)
        by_position = []
        for place in range(size):
            mine = np.flatnonzero(position == place)
            by_position.append((mine, team[mine] * width + cell_label[mine]))
        joints = {
            group: _joint(by_position, group, width)
            for length in range(1, size + 1)
            for group in combinations(range(size), length)
        }
        return cls(size, count, weights, cell.reshape(-1), len(keys), joints)

    def maxima(self, worth: Floats, idle: Floats, temperature: float) -> tuple[Floats, Floats, Floats]:
        """Smoothed maximum per team, share of each column, and of each idle unit, (teams, size)."""
        best = maxima(worth, self.cell_of_column, self.cells, temperature)
        reached = {
            group: np.sum([best[cells[:, place]] for place in range(len(group))], axis=0)
            for group, (cells, _) in self.joints.items()
        }
        joint = {
            group: maxima(reached[group], team, self.count, temperature) for group, (_, team) in self.joints.items()
        }
        totals = np.array([self._total(one, idle, joint) for one in partitions(self.size)]).T.reshape(-1)
        owner = np.repeat(np.arange(self.count), len(partitions(self.size)))
        value = maxima(totals, owner, self.count, temperature)
        mass = shares(totals, owner, value, temperature).reshape(self.count, -1)
        return value, *self._spread(worth, best, reached, joint, mass, temperature)

    def _total(self, partition: tuple[Group, tuple[Group, ...]], idle: Floats, joint: dict[Group, Floats]) -> Floats:
        alone, groups = partition
        total = np.zeros(self.count)
        for place in alone:
            total = total + idle[:, place]
        for group in groups:
            total = total + joint[group]
        for one, other in combinations(groups, 2):
            for tie in ((min(a, b), max(a, b)) for a in one for b in other):
                if tie in self.weights:
                    total = total - self.weights[tie]
        return total

    def _spread(
        self,
        worth: Floats,
        best: Floats,
        reached: dict[Group, Floats],
        joint: dict[Group, Floats],
        mass: Floats,
        temperature: float,
    ) -> tuple[Floats, Floats]:
        """From the share of each partition to that of each column and idle unit."""
        alone = np.zeros((self.count, self.size))
        of_group = {group: np.zeros(self.count) for group in self.joints}
        for place, (idle, groups) in enumerate(partitions(self.size)):
            for position in idle:
                alone[:, position] += mass[:, place]
            for group in groups:
                of_group[group] += mass[:, place]
        cell_mass = np.zeros(self.cells)
        for group, (cells, team) in self.joints.items():
            part = of_group[group][team] * shares(reached[group], team, joint[group], temperature)
            for place in range(len(group)):
                cell_mass += np.bincount(cells[:, place], part, self.cells)
        column = cell_mass[self.cell_of_column] * shares(worth, self.cell_of_column, best, temperature)
        return column, alone


def _joint(by_position: list[tuple[Indices, Indices]], group: Group, width: int) -> tuple[Indices, Indices]:
    """Cells of the group's positions that share team and label."""
    cells, common = by_position[group[0]]
    chosen = [cells]
    for place in group[1:]:
        others, other_keys = by_position[place]
        common, mine, theirs = np.intersect1d(common, other_keys, assume_unique=True, return_indices=True)
        chosen = [*(one[mine] for one in chosen), others[theirs]]
    return np.column_stack(chosen), common // width
