"""Where the gap is: what each unit and row of a plan loses against the bound, and the reps to re-plan together.

At prices y the bound exceeds a plan's objective by exactly the sum of the reduced costs of its choices and of price x
slack over its rows (penalty less price on violated soft rows). A neighbourhood frees the seats of a few reps who carry
much of that sum and compete for the same seats, and keeps the columns of small reduced cost.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice, best_column
from coverplan.pricing.bound import Prices, best_of_units, lagrangian, reduced
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import Standing, ranges
from coverplan.pricing.ties import blocks_of, partners_of


class Landscape:
    """Reduced costs at fixed prices, and what follows from them for any plan."""

    def __init__(self, formulation: Formulation, prices: Prices) -> None:
        self.formulation, self.prices = formulation, prices
        pairs = formulation.pairs
        worth, idle = reduced(formulation, prices)
        self.best = best_column(formulation, worth)
        top = best_of_units(formulation, worth, idle)
        self._argmax = np.where((idle >= top) & np.isfinite(idle), -1, self.best)
        self.bound = lagrangian(formulation, prices, top)
        """L(y) over the units' own maxima: what reduced costs are counted from. Blocks of tied units are worth less."""
        blocks = blocks_of(formulation)
        if blocks:
            blocks.choose(worth, idle, self._argmax)
        self.idle_cost = top - idle
        self.cost = np.subtract(np.repeat(top, np.diff(pairs.unit_start)), worth, out=worth)
        """Reduced cost of each column: what choosing it loses against the best of its unit; inf where closed."""
        self.rep_of_row = rep_of_row(formulation)
        self._by_rep: Indices | None = None
        self._margin: Floats | None = None
        self.rep_start = np.concatenate([[0], np.cumsum(np.bincount(pairs.column_rep, minlength=self.n_reps))])

    @property
    def n_reps(self) -> int:
        return self.formulation.pairs.instance.n_reps

    def columns_of(self, reps: Indices) -> Indices:
        """All columns of some reps."""
        if self._by_rep is None:
            order = np.argsort(self.formulation.pairs.column_rep, kind="stable")
            self._by_rep = order.astype(np.int32)
        places, _ = ranges(self.rep_start, reps)
        return self._by_rep[places].astype(np.int64)

    def argmax(self) -> Choice:
        """The best choice of every unit by itself, or with the units that it is tied to."""
        return self._argmax.copy()

    def margin(self) -> Floats:
        """Per unit: how much its second-best choice loses; inf where there is no other."""
        if self._margin is None:
            pairs, chosen = self.formulation.pairs, self.argmax()
            others = self.cost.copy()
            others[chosen[chosen >= 0]] = np.inf
            second = np.where(chosen >= 0, self.idle_cost, np.inf)
            filled = np.flatnonzero(np.diff(pairs.unit_start) > 0)
            if len(filled):
                second[filled] = np.minimum(second[filled], np.minimum.reduceat(others, pairs.unit_start[filled]))
            self._margin = second
        return self._margin

    def holder(self, choice: Choice) -> npt.NDArray[np.int32]:
        """The rep of each unit, -1 for uncovered ones."""
        reps = self.formulation.pairs.column_rep
        if len(reps) == 0:
            return np.full(len(choice), -1, np.int32)
        return np.where(choice >= 0, reps[np.maximum(choice, 0)], -1).astype(np.int32)

    def loss_by_rep(self, standing: Standing, elastic: Floats) -> Floats:
        """What each rep's seats and rows lose against the bound; violated hard rows at their elastic price.

        What rows over several reps lose is spread evenly.
        """
        choice, n_reps = standing.choice, self.n_reps
        covered = choice >= 0
        holder, wanted = self.holder(choice), self.holder(self.best)
        loss = self.idle_cost.copy()
        loss[covered] = self.cost[choice[covered]]
        owner = np.where(holder >= 0, holder, wanted)
        total = np.bincount(owner[owner >= 0], loss[owner >= 0], n_reps).astype(np.float64)
        moved = (holder >= 0) & (wanted >= 0) & (wanted != holder)
        total += 0.5 * np.bincount(wanted[moved], loss[moved], n_reps)
        missed = elastic[:-1] * standing.missed[:-1]
        rows = self._row_loss(standing.activity) + missed
        single = self.rep_of_row >= 0
        total += np.bincount(self.rep_of_row[single], rows[single], n_reps)
        everywhere = float(missed[~single].sum()) + float(elastic[-1] * standing.missed[-1])
        return np.asarray(total + everywhere / n_reps)

    def _row_loss(self, activity: Floats) -> Floats:
        formulation = self.formulation
        loss = np.zeros(formulation.n_rows)
        for price, room in (
            (self.prices.upper, formulation.upper - activity),
            (self.prices.lower, activity - formulation.lower),
        ):
            priced = price * np.where(price > 0, np.maximum(room, 0.0), 0.0)
            missed = np.where(room < 0, -room, 0.0) * np.where(
                np.isfinite(formulation.penalty), formulation.penalty - price, 0.0
            )
            loss += priced + missed
        return loss

    def together(
        self, choice: Choice, loss: Floats, seed_rep: int, size: int, near: float, rng: np.random.Generator
    ) -> Bools:
        """Reps to re-plan with this one: drawn by how many of its seats they compete for, and what they lose."""
        pairs, n_reps = self.formulation.pairs, self.n_reps
        holder = self.holder(choice)
        columns, _ = ranges(pairs.unit_start, np.flatnonzero(holder == seed_rep))
        rivals = pairs.column_rep[columns[self.cost[columns] <= near]]
        links = np.bincount(rivals, minlength=n_reps).astype(np.float64)
        own = self.columns_of(np.array([seed_rep]))
        theirs = holder[pairs.column_unit[own[self.cost[own] <= near]]]
        links += np.bincount(theirs[theirs >= 0], minlength=n_reps)
        links[seed_rep] = 0.0
        weight = links * (0.2 + loss / max(float(loss.max()), 1e-12))
        reps = np.zeros(n_reps, np.bool_)
        reps[seed_rep] = True
        eligible = np.flatnonzero(weight > 0)
        if len(eligible):
            weights = weight[eligible] / weight[eligible].sum()
            reps[rng.choice(eligible, min(size - 1, len(eligible)), replace=False, p=weights)] = True
        return reps

    def freed(self, choice: Choice, reps: Bools, most: int, worst: float) -> tuple[Indices, Indices]:
        """Units that these reps hold or could take up, their columns, and at most so many others up to a reduced cost.

        Units that are tied to them come along with all their columns.
        """
        pairs = self.formulation.pairs
        holder = self.holder(choice)
        theirs = self.columns_of(np.flatnonzero(reps))
        unit = pairs.column_unit[theirs]
        held = holder[unit]
        free = np.where(held >= 0, reps[np.maximum(held, 0)], True)
        listed = theirs[free & (self.cost[theirs] <= worst) & (choice[unit] != theirs)]
        if len(listed) > most:
            listed = listed[np.argpartition(self.cost[listed], most)[:most]]
        units, partners = np.unique(pairs.column_unit[listed]), partners_of(self.formulation)
        if len(partners.values):
            places, _ = ranges(partners.start, units)
            joined = np.setdiff1d(partners.values[places], units)
            theirs, _ = ranges(pairs.unit_start, joined)
            listed = np.concatenate([listed, theirs[self.cost[theirs] <= worst]])
            units = np.union1d(units, joined)
        chosen = choice[units]
        columns = np.union1d(listed, chosen[chosen >= 0])
        several = np.bincount(np.searchsorted(units, pairs.column_unit[columns]), minlength=len(units)) > 1
        useful = several | (chosen < 0) | (np.isfinite(self.idle_cost[units]) & (self.idle_cost[units] <= worst))
        keep = useful[np.searchsorted(units, pairs.column_unit[columns])]
        return units[useful], columns[keep]


def rep_of_row(formulation: Formulation) -> npt.NDArray[np.int64]:
    """The one rep whose columns a row has, -1 for rows over several or none."""
    matrix, n_rows = formulation.matrix, formulation.n_rows
    rep = np.repeat(formulation.pairs.column_rep, np.diff(matrix.indptr))
    least, most = np.full(n_rows, np.iinfo(np.int32).max, np.int32), np.full(n_rows, -1, np.int32)
    np.minimum.at(least, matrix.indices, rep)
    np.maximum.at(most, matrix.indices, rep)
    return np.where(least == most, most, -1).astype(np.int64)
