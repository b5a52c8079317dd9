"""The closest plan to today, proven: among all plans that are worth enough, by branch and bound.

The program is the solve's own, with the objective as one more row and the distance from today as the objective. It
keeps only the columns that a plan of that worth can use: at prices y, a plan that uses a column of reduced cost d is
worth at most L(y) - d.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import MOVED, Closeness, Counts
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import Choice, to_choice, to_point, to_program
from coverplan.mip.program import Limits, Program
from coverplan.pricing.bound import Prices
from coverplan.pricing.neighbourhood import Landscape
from coverplan.pricing.scope import Cut
from coverplan.solvers.registry import backend

BACKEND = "highs"
LARGEST_WEIGHT = 1e6
"""Levels share one objective while their weights stay below this: branch and bound tells whole numbers apart there."""
MOST_COLUMNS = 20_000
"""Columns, beyond one per unit, up to which branch and bound is tried."""
MOST_STAGES = 12
"""Programs solved, one after another; beyond, the caller's order stays as it fell."""


@dataclass(frozen=True, eq=False)
class Open:
    """What plans that are worth enough can use: columns, and units that can stay uncovered."""

    columns: Bools
    idle: Bools

    @classmethod
    def around(cls, formulation: Formulation, choice: Choice, floor: float, prices: Prices | None) -> Open:
        """Close what no plan worth `floor` uses, by the prices' reduced costs; the plan's own choices stay open."""
        columns, idle = formulation.open_column.copy(), formulation.may_idle.copy()
        if prices is not None:
            landscape = Landscape(formulation, prices)
            worst = Cut.against(landscape.bound, floor).threshold
            columns &= landscape.cost <= worst
            idle &= landscape.idle_cost <= worst
        covered = choice >= 0
        columns[choice[covered]] = True
        idle[~covered] = True
        return cls(columns, idle)

    def free(self, formulation: Formulation) -> Bools:
        """Units with more than one choice left."""
        many = np.bincount(formulation.pairs.column_unit[self.columns], minlength=len(self.idle))
        return np.asarray(many + self.idle > 1)


def least(formulation: Formulation, opened: Open, columns: Counts, idle: Counts) -> Counts:
    """The least of each count that an open choice of each unit has: (units, counts)."""
    lowest = np.where(opened.idle[:, None], idle, np.iinfo(np.int64).max)
    used = np.flatnonzero(opened.columns)
    np.minimum.at(lowest, formulation.pairs.column_unit[used], columns[used])
    return lowest


def closest(
    formulation: Formulation, choice: Choice, closeness: Closeness, opened: Open, tolerance: float, limits: Limits
) -> tuple[Choice, bool]:
    """The closest of all plans that lose at most `tolerance`, and whether that is proven.

    Equally close ones go by the caller's order: earlier accounts stay as they are, then earlier reps take over. Where
    time ends within that, the counts are proven all the same.
    """
    face = _Face(formulation, choice, closeness, opened, tolerance)
    deadline = time.monotonic() + limits.time_limit_s
    face.home()
    level, stages = face.settled(0), 0
    while level < face.n_levels:
        stages += 1
        left = deadline - time.monotonic()
        weights = face.group(level)
        if stages > MOST_STAGES or left <= 0 or not face.nearest(weights, replace(limits, time_limit_s=left)):
            return face.choice, level > COUNTS
        face.settle(weights > 0)
        level = face.settled(level)
    return face.choice, True


COUNTS = 2
"""The last level that counts; what follows is the caller's order."""


class _Face:
    """The plans that lose at most so much and are as close as was found so far.

    Levels, each a sum of whole numbers per choice: the three counts; then one per free unit in the caller's order, how
    many of its seats change; then one per free unit, the place of its rep.
    """

    def __init__(
        self, formulation: Formulation, choice: Choice, closeness: Closeness, opened: Open, tolerance: float
    ) -> None:
        self.formulation, self.choice, self.closeness = formulation, choice.copy(), closeness
        self.columns, self.idle = opened.columns.copy(), opened.idle.copy()
        self.base, self.tolerance = to_program(formulation), tolerance
        self.most: list[tuple[Floats, Floats, float]] = []
        """Counts that were settled: what each column and each unit without a rep adds, and the most of the sum."""
        pairs = formulation.pairs
        first = np.full(pairs.n_units, len(pairs.unit_of_seat))
        np.minimum.at(first, pairs.unit_of_seat, np.arange(len(pairs.unit_of_seat)))
        free = np.flatnonzero(opened.free(formulation))
        self.units = free[np.argsort(first[free], kind="stable")]
        self.origin, self.start = choice, to_point(formulation, self.base, choice)
        n = pairs.n_columns + pairs.n_units
        self.enough = float(self.base.objective[n:] @ self.start[n:]) / tolerance - 0.5
        """Least activity of the objective's row."""
        self.floor = ledger(formulation, choice).objective - tolerance

    def _levels(self) -> tuple[Counts, Counts]:
        """What each column and each unit without a rep adds: the three counts, the seats that change, the rep's place.

        (columns, 5) and (units, 5); the last two are levels of their own for each unit.
        """
        counts, idle = self.closeness.columns, self.closeness.idle
        rank = 1 + self.formulation.pairs.column_rep.astype(np.int64)
        return (
            np.column_stack([counts, counts[:, MOVED:].sum(axis=1), rank]),
            np.column_stack([idle, idle[:, MOVED:].sum(axis=1), np.zeros(len(idle), np.int64)]),
        )

    def _split(self, per_unit: Counts) -> Counts:
        """Levels of what each unit adds, (units, 5)."""
        return np.concatenate([per_unit[:, :3].sum(axis=0), per_unit[self.units, 3], per_unit[self.units, 4]])

    def value(self, choice: Choice) -> Counts:
        """Every level of a choice."""
        columns, found = self._levels()
        covered = choice >= 0
        found[covered] = columns[choice[covered]]
        return self._split(found)

    def lowest(self) -> Counts:
        """What every level is at least, as each unit could have it by itself."""
        return self._split(self._extreme(1))

    def _extreme(self, sign: int) -> Counts:
        columns, idle = self._levels()
        return sign * least(self.formulation, Open(self.columns, self.idle), sign * columns, sign * idle)

    @property
    def n_levels(self) -> int:
        return 3 + 2 * len(self.units)

    def settled(self, level: int) -> int:
        """Keep to all levels from this one on that are as low as they can be; the first that is not."""
        while True:
            above = np.flatnonzero((self.value(self.choice) > self.lowest())[level:])
            following = level + int(above[0]) if len(above) else self.n_levels
            if following == level:
                return level
            self.settle((np.arange(self.n_levels) >= level) & (np.arange(self.n_levels) < following))
            level = following

    def group(self, first: int) -> Counts:
        """Weights of the next levels that are made small together."""
        spread = self._split(self._extreme(-1)) - self.lowest()
        weights, last, total = np.zeros(len(spread), np.int64), first, 1.0
        while last < len(spread) and (total * (1.0 + spread[last]) <= LARGEST_WEIGHT or total == 1.0):
            total *= 1.0 + spread[last]
            last += 1
        # One of a level outweighs all that the later levels can differ by.
        weights[first:last] = np.cumprod(1 + np.append(spread[first + 1 : last], 0)[::-1])[::-1]
        return weights

    def home(self) -> bool:
        """Whether every unit can have what is nearest to today by itself; then that is the plan."""
        pairs, closeness = self.formulation.pairs, self.closeness
        home = closeness.nearest(pairs, self.columns, self.idle)
        here = np.where(home >= 0, closeness.columns[np.maximum(home, 0)].T, closeness.idle.T).T
        stays = (here >= closeness.of_units(self.choice)).all(axis=1)
        home = np.where(stays, self.choice, home)
        value, lowest = self.value(home), self.lowest()
        if (value[: COUNTS + 1] > lowest[: COUNTS + 1]).any() or not self._is_sound(home):
            return False
        self.choice, self.start = home, to_point(self.formulation, self.base, home)
        return True

    def nearest(self, weights: Counts, limits: Limits) -> bool:
        """Go to the plan of the least weighted sum of levels; False where that was not proven."""
        per_column, per_idle = self._levels()
        n = len(self.units)
        own = np.zeros((2, self.formulation.pairs.n_units), np.int64)
        own[0, self.units], own[1, self.units] = weights[3 : 3 + n], weights[3 + n :]
        unit = self.formulation.pairs.column_unit
        columns = per_column[:, :3] @ weights[:3] + per_column[:, 3] * own[0, unit] + per_column[:, 4] * own[1, unit]
        idle = per_idle[:, :3] @ weights[:3] + per_idle[:, 3] * own[0] + per_idle[:, 4] * own[1]
        program, kept = self._program(columns, idle)
        result = backend(BACKEND).solve(program, limits, self.start[kept])
        if result.x is None or result.objective is None or result.dual_bound >= result.objective + 1.0 - 1e-6:
            return False
        x = self._held()
        x[kept] = result.x
        choice = to_choice(self.formulation, x)
        if not self._is_sound(choice):
            return False
        self.choice, self.start = choice, to_point(self.formulation, self.base, choice)
        return True

    def settle(self, which: Bools) -> None:
        """Keep to what these levels are now."""
        columns, idle = self._levels()
        value, pairs, n = self.value(self.choice), self.formulation.pairs, len(self.units)
        for level in np.flatnonzero(which[:3]).tolist():
            self.most.append((columns[:, level].astype(float), idle[:, level].astype(float), float(value[level])))
        for kind, first in ((3, 3), (4, 3 + n)):
            mine = which[first : first + n]
            bound = np.full(pairs.n_units, -1, np.int64)
            bound[self.units[mine]] = value[first : first + n][mine]
            self.columns &= (bound[pairs.column_unit] < 0) | (columns[:, kind] == bound[pairs.column_unit])
            self.idle &= (bound < 0) | (idle[:, kind] == bound)

    def _free(self) -> tuple[Bools, Bools]:
        """Columns of units that still have a choice, and these units."""
        unit = self.formulation.pairs.column_unit
        free = np.bincount(unit[self.columns], minlength=len(self.idle)) + self.idle > 1
        return self.columns & free[unit], free

    def _held(self) -> Floats:
        """The program's columns that stay as they are: the choices of units without another one."""
        _, free = self._free()
        x = np.zeros(len(self.base.objective))
        covered, n = self.choice >= 0, self.formulation.pairs.n_columns
        x[self.choice[covered & ~free]] = 1.0
        x[n + np.flatnonzero(~covered & ~free)] = 1.0
        return x

    def _program(self, columns: Counts, idle: Counts) -> tuple[Program, Bools]:
        """The program over what is free, and which of the whole program's columns it has."""
        base, pairs = self.base, self.formulation.pairs
        n, n_units = pairs.n_columns, pairs.n_units
        mine, free = self._free()
        kept = np.concatenate([mine, self.idle & free, np.ones(len(base.objective) - n - n_units, np.bool_)])
        extra = np.zeros(len(base.objective) - n - n_units)
        now = self._held()
        rows = [base.matrix]
        lower, upper = [base.row_lower], [base.row_upper]
        for per_column, per_idle, most in self.most:
            rows.append(sparse.csr_array(np.concatenate([per_column, per_idle, extra])[None, :]))
            lower.append(np.array([-np.inf]))
            upper.append(np.array([most]))
        rows.append(self._worth())
        lower.append(np.array([self.enough]))
        upper.append(np.array([np.inf]))
        matrix = sparse.csr_array(sparse.vstack(rows, format="csr"))
        held = np.asarray(matrix @ now)
        part = sparse.csr_array(matrix[:, np.flatnonzero(kept)])
        used = np.flatnonzero(np.diff(part.indptr) > 0)
        return (
            Program(
                objective=-np.concatenate([columns, idle, extra])[kept].astype(np.float64),
                matrix=sparse.csr_array(part[used]),
                row_lower=(np.concatenate(lower) - held)[used],
                row_upper=(np.concatenate(upper) - held)[used],
                lower=base.lower[kept],
                upper=np.where(base.integer, 1.0, base.upper)[kept],
                integer=base.integer[kept],
            ),
            kept,
        )

    def _worth(self) -> sparse.csr_array:
        """The objective as a row, against the plan at the start in units of what may be lost."""
        formulation, base = self.formulation, self.base
        covered = self.origin >= 0
        now = formulation.idle_value.copy()
        now[covered] = formulation.value[self.origin[covered]]
        n = formulation.pairs.n_columns + formulation.pairs.n_units
        columns = base.objective[: formulation.pairs.n_columns] - now[formulation.pairs.column_unit]
        idle = base.objective[formulation.pairs.n_columns : n] - now
        return sparse.csr_array(np.concatenate([columns, idle, base.objective[n:]])[None, :] / self.tolerance)

    def _is_sound(self, choice: Choice) -> bool:
        """Whether the choice, recounted, is worth enough and keeps the rules."""
        account = ledger(self.formulation, choice)
        return account.exact and account.objective >= self.floor
