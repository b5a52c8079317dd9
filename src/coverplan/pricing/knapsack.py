"""A tighter bound for hard capacities: each rep's knapsack is solved whole, and the one-rep-per-unit rows are priced.

For prices r of the units,

    L(r) = sum over units of r + max(0, v0 - r) + sum over reps of max { (v - r) x : w x <= c, x binary }

is an upper bound on every plan, and at its best at least as good as the linear relaxation's: the knapsack lacks the
integrality property (Martello & Toth, *Knapsack Problems*, 1990, chapter 7). Forcing one rep onto a unit moves L by a
known amount, its *loss*: a column whose loss exceeds the gap stands in no better plan (Posta, Ferland & Michelon, *An
exact method with variable fixing for solving the generalized assignment problem*, 2012).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.mip.integers import DECIMALS, decimals, floor

Integers = npt.NDArray[np.int64]

MOST_STATES = 40_000_000
"""Units x reps x capacity up to which one solve of all knapsacks takes well under a second."""
LARGEST_WEIGHT = 2.0**50
"""Most that a weight or a value may be in whole units: beyond, floats do not tell units apart."""
MOST_CELLS = 8_000_000
"""Reps x units up to which the tables of pairs, about twenty at a time, fit in memory: 64 MB each, however few pairs
there are."""
ROUNDING = 1e-9
"""Share of a bound that sums of floats may miss it by."""
PATIENCE = 15
"""Steps without a better bound after which the step shrinks."""
SHRINK = 0.7
SMALLEST_STEP = 5e-3
MOMENTUM = 0.6
MOST_STEPS = 800


@dataclass(frozen=True, eq=False)
class Knapsacks:
    """Every rep's knapsack, reps x units; `value` is -inf where the pair is closed or absent."""

    value: Floats
    weight: Integers
    capacity: Integers
    """Per rep, whole; like the weights in units of `1 / factor`."""
    column: Integers
    """Column of each pair, -1 where absent."""
    idle: Floats
    """Per unit: what it earns uncovered, -inf where it must be covered."""
    offset: float

    @classmethod
    def of(cls, formulation: Formulation) -> Self | None:
        """The knapsacks of a formulation; None without any, or where some row is no whole hard capacity of one rep."""
        pairs, matrix = formulation.pairs, formulation.matrix.tocoo()
        n_reps, n_units = pairs.instance.n_reps, pairs.n_units
        if formulation.linked or formulation.idle_matrix.nnz or not _capacities_only(formulation):
            return None
        # Where nothing takes up room nothing couples the units: there is no knapsack to fill.
        if matrix.nnz == 0 or n_reps * n_units > MOST_CELLS:
            return None
        places = int(decimals(matrix.data).max(initial=0))
        if places > DECIMALS or np.abs(matrix.data).max(initial=0.0) * 10.0**places > LARGEST_WEIGHT:
            return None
        rep = pairs.column_rep[matrix.col]
        row_of_rep = np.full(n_reps, -1, np.int64)
        row_of_rep[rep] = matrix.row
        rep_of_row = np.full(formulation.n_rows, -1, np.int64)
        rep_of_row[matrix.row] = rep
        if (row_of_rep[rep] != matrix.row).any() or (rep_of_row[matrix.row] != rep).any():
            return None
        scaled = np.rint(matrix.data * 10.0**places).astype(np.int64)
        unit = int(np.gcd.reduce(scaled)) if len(scaled) else 1
        room = floor((formulation.upper + formulation.rounding[1]) * 10.0**places / max(unit, 1))
        weight = np.zeros((n_reps, n_units), np.int64)
        weight[rep, pairs.column_unit[matrix.col]] = scaled // max(unit, 1)
        load = weight.sum(axis=1)
        capacity = np.where(row_of_rep >= 0, np.minimum(load, room[row_of_rep]), 0).astype(np.int64)
        if (capacity < 0).any() or n_units * n_reps * (int(capacity.max(initial=0)) + 1) > MOST_STATES:
            return None
        value, column = np.full((n_reps, n_units), -np.inf), np.full((n_reps, n_units), -1, np.int64)
        place = pairs.column_rep, pairs.column_unit
        value[place] = np.where(formulation.open_column, formulation.value, -np.inf)
        column[place] = np.arange(pairs.n_columns)
        value[weight > capacity[:, None]] = -np.inf
        idle = np.where(formulation.may_idle, formulation.idle_value, -np.inf)
        return cls(value, weight, capacity, column, idle, formulation.offset)

    def rest(self, units: Integers, capacity: Integers) -> Knapsacks:
        """The same over some of the units and what is left of the capacities."""
        weight = self.weight[:, units]
        value = np.where(weight <= capacity[:, None], self.value[:, units], -np.inf)
        return replace(
            self, value=value, weight=weight, capacity=capacity, column=self.column[:, units], idle=self.idle[units]
        )

    def among(self, reps: Integers, units: Integers) -> Knapsacks:
        """The same over some of the reps and units, with whole capacities."""
        place = np.ix_(reps, units)
        return replace(
            self,
            value=self.value[place],
            weight=self.weight[place],
            capacity=self.capacity[reps],
            column=self.column[place],
            idle=self.idle[units],
        )

    def worth(self, rep_of_unit: Integers) -> float:
        """Objective of a plan, -1 for uncovered units; capacities are not looked at."""
        covered, every = rep_of_unit >= 0, np.arange(len(rep_of_unit))
        value = np.where(covered, self.value[np.maximum(rep_of_unit, 0), every], self.idle)
        return float(value.sum()) + self.offset

    def fits(self, rep_of_unit: Integers) -> bool:
        """Whether a plan keeps within the capacities."""
        held = np.flatnonzero(rep_of_unit >= 0)
        rep = rep_of_unit[held]
        return bool((np.bincount(rep, self.weight[rep, held], len(self.capacity)) <= self.capacity).all())

    def best(self, prices: Floats) -> tuple[float, Bools]:
        """L at these prices, without allowance for rounding, and the pairs that attain it."""
        profit = self.value - prices
        items, gains, weights = self._worthwhile(profit)
        table, base = self._table()
        state = table[:, table.shape[1] - base.shape[1] :]
        taken = np.zeros((items.shape[1], *base.shape), np.bool_)
        # A knapsack is filled item by item: all reps and all capacities at once.
        for place in range(items.shape[1]):
            gained = table.ravel().take(base - weights[:, place, None]) + gains[:, place, None]
            np.greater(gained, state, out=taken[place])
            np.maximum(gained, state, out=state)
        reps, left = np.arange(len(self.capacity)), self.capacity.copy()
        chosen = np.zeros(self.value.shape, np.bool_)
        for place in range(items.shape[1] - 1, -1, -1):
            picked = taken[place, reps, left]
            chosen[reps[picked], items[picked, place]] = True
            left -= np.where(picked, weights[:, place], 0)
        filled = state[reps, self.capacity].sum()
        return float(prices.sum() + np.maximum(self.idle - prices, 0.0).sum() + filled + self.offset), chosen

    def losses(self, prices: Floats) -> tuple[Floats, Floats]:
        """By how much L falls when a unit goes to each rep, reps x units, and when it stays uncovered, per unit."""
        profit = self.value - prices
        items, gains, weights = self._worthwhile(profit)
        after = self.table_after(gains, weights)
        table, base = self._table()
        state, reps = table[:, table.shape[1] - base.shape[1] :], np.arange(len(self.capacity))
        rows, room = reps[:, None], self.capacity[:, None] - np.arange(base.shape[1])
        whole = after[0][reps, self.capacity]
        left = self.capacity[:, None] - self.weight
        # A pair that no knapsack wants goes in beside the best of what still fits.
        using = whole[:, None] - profit - np.where(left >= 0, after[0][rows, np.maximum(left, 0)], -np.inf)
        without = np.zeros(self.value.shape)
        for place in range(items.shape[1]):
            wanted = np.flatnonzero(gains[:, place] > 0)
            item, rest = items[wanted, place], after[place + 1]
            for forced, target in ((0, without), (1, using)):
                still = room[wanted] - forced * weights[wanted, place, None]
                beside = np.where(still >= 0, rest[wanted[:, None], np.maximum(still, 0)], -np.inf)
                best = (state[wanted] + beside).max(axis=1) + forced * gains[wanted, place]
                target[wanted, item] = whole[wanted] - best
            gained = table.ravel().take(base - weights[:, place, None]) + gains[:, place, None]
            np.maximum(gained, state, out=state)
        using, without = np.maximum(using, 0.0), np.maximum(without, 0.0)
        nobody, earned = without.sum(axis=0), np.maximum(self.idle - prices, 0.0)
        return using + nobody - without + earned, nobody + earned - (self.idle - prices)

    def table_after(self, gains: Floats, weights: Integers) -> Floats:
        """Best profit of the items from each place on within each capacity, (items + 1) x reps x capacities."""
        table, base = self._table()
        state, count = table[:, table.shape[1] - base.shape[1] :], gains.shape[1]
        after = np.empty((count + 1, *base.shape))
        after[count] = 0.0
        for place in range(count - 1, -1, -1):
            state[:] = after[place + 1]
            gained = table.ravel().take(base - weights[:, place, None]) + gains[:, place, None]
            np.maximum(gained, state, out=after[place])
        return after

    def _worthwhile(self, profit: Floats) -> tuple[Integers, Floats, Integers]:
        """Each rep's pairs of positive profit, reps x most such pairs: unit, profit (-inf beyond the last), weight."""
        positive = profit > 0
        most = int(positive.sum(axis=1).max(initial=0))
        order = np.argsort(~positive, axis=1, kind="stable")[:, :most]
        rows = np.arange(len(self.capacity))[:, None]
        gains = np.where(positive[rows, order], profit[rows, order], -np.inf)
        return order, gains, np.where(np.isfinite(gains), self.weight[rows, order], 0)

    def _table(self) -> tuple[Floats, Integers]:
        """An empty table, -inf left of capacity 0, and the flat place of every rep's capacities in it."""
        n_reps, most = len(self.capacity), int(self.capacity.max(initial=0)) + 1
        start = int(self.weight.max(initial=0))
        table = np.full((n_reps, start + most), -np.inf)
        table[:, start:] = 0.0
        return table, np.arange(n_reps)[:, None] * (start + most) + start + np.arange(most)


@dataclass(frozen=True, eq=False)
class Ascent:
    """Prices of the units, the bound that they prove, and how often each pair stood in the solutions on the way."""

    prices: Floats
    bound: float
    share: Floats


def tighten(
    knapsacks: Knapsacks,
    prices: Floats,
    distance: float,
    deadline: float,
    steps: int = MOST_STEPS,
    tell: Callable[[float], None] | None = None,
) -> Ascent:
    """Lower L by deflected subgradient steps (Polyak), from given prices, until the step is small.

    `distance` guesses how far the bound lies above the optimum; it only scales the first steps.
    """
    best, found, at, step, since = np.inf, prices, prices.copy(), 1.0, 0
    direction, share, weight = np.zeros_like(prices), np.zeros(knapsacks.value.shape), 0.0
    for _ in range(steps):
        bound, chosen = knapsacks.best(at)
        share, weight = 0.95 * share + 0.05 * chosen, 0.95 * weight + 0.05
        slope = 1.0 - chosen.sum(axis=0) - (knapsacks.idle > at)
        since = 0 if bound < best - 1e-3 * distance * step else since + 1
        if bound < best:
            best, found = bound, at
            if tell is not None:
                tell(best)
        if not slope.any() or time.monotonic() > deadline:
            break
        if since >= PATIENCE:
            step, since, at, direction = SHRINK * step, 0, found, np.zeros_like(prices)
            if step < SMALLEST_STEP:
                break
        direction = slope + MOMENTUM * direction
        at = at - step * distance / float(direction @ direction or 1.0) * direction
    return Ascent(found, best, share / max(weight, 1e-12))


def _capacities_only(formulation: Formulation) -> bool:
    matrix = formulation.matrix
    one_sided = np.isfinite(formulation.upper) & (formulation.lower <= 0) & np.isinf(formulation.penalty)
    return bool(one_sided.all() and (matrix.data >= 0).all())


def least_step(formulation: Formulation) -> float:
    """What the worths of two plans differ by at least, a common unit of all values; 0 where there is none."""
    used = np.concatenate([formulation.value[formulation.open_column], formulation.idle_value[formulation.may_idle]])
    places = int(decimals(used).max(initial=0))
    if places > DECIMALS or np.abs(used).max(initial=0.0) * 10.0**places > LARGEST_WEIGHT:
        return 0.0
    return float(np.gcd.reduce(np.rint(used * 10.0**places).astype(np.int64))) / 10.0**places
