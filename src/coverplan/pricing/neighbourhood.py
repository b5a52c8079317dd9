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
from coverplan.pricing.bound import Prices, reduced


class Landscape:
    """Reduced costs at fixed prices, and what follows from them for any plan."""

    def __init__(self, formulation: Formulation, prices: Prices) -> None:
        self.formulation, self.prices = formulation, prices
        pairs = formulation.pairs
        self.worth, self.idle = reduced(formulation, prices)
        self.best = best_column(formulation, self.worth)
        top = self.idle.copy()
        has = self.best >= 0
        top[has] = np.maximum(top[has], self.worth[self.best[has]])
        self.top = top
        self.cost = top[pairs.column_unit] - self.worth
        """Reduced cost of each column: what choosing it loses against the best of its unit; inf where closed."""
        self.idle_cost = top - self.idle
        self.rep_of_row = _rep_of_row(formulation)

    def argmax(self) -> Choice:
        """The best choice of every unit by itself."""
        worth = np.full(len(self.best), -np.inf)
        has = self.best >= 0
        worth[has] = self.worth[self.best[has]]
        return np.where(self.idle > worth, -1, self.best)

    def margin(self) -> Floats:
        """Per unit: how much its second-best choice loses; inf where there is no other."""
        pairs = self.formulation.pairs
        others = self.cost.copy()
        chosen = self.argmax()
        others[chosen[chosen >= 0]] = np.inf
        second = np.where(chosen >= 0, self.idle_cost, np.inf)
        filled = np.flatnonzero(np.diff(pairs.unit_start) > 0)
        if len(filled):
            second[filled] = np.minimum(second[filled], np.minimum.reduceat(others, pairs.unit_start[filled]))
        return second

    def loss_by_rep(self, choice: Choice) -> Floats:
        """What each rep's seats and rows lose against the bound; shares of rows over several reps are left out."""
        pairs, n_reps = self.formulation.pairs, self.formulation.pairs.instance.n_reps
        covered = choice >= 0
        holder = np.where(covered, pairs.column_rep[np.maximum(choice, 0)], -1)
        loss = np.where(covered, self.cost[np.maximum(choice, 0)], self.idle_cost)
        wanted = np.where(self.best >= 0, pairs.column_rep[np.maximum(self.best, 0)], -1)
        owner = np.where(holder >= 0, holder, wanted)
        total = np.bincount(owner[owner >= 0], loss[owner >= 0], n_reps).astype(np.float64)
        moved = (holder >= 0) & (wanted >= 0) & (wanted != holder)
        total += 0.5 * np.bincount(wanted[moved], loss[moved], n_reps)
        rows = self._row_loss(choice)
        single = self.rep_of_row >= 0
        return np.asarray(total + np.bincount(self.rep_of_row[single], rows[single], n_reps), np.float64)

    def _row_loss(self, choice: Choice) -> Floats:
        formulation, x = self.formulation, np.zeros(self.formulation.pairs.n_columns)
        x[choice[choice >= 0]] = 1.0
        activity = formulation.matrix @ x + formulation.idle_matrix @ (choice < 0).astype(np.float64)
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

    def together(self, choice: Choice, seed_rep: int, size: int, near: float, rng: np.random.Generator) -> Bools:
        """Reps to re-plan with this one: drawn by how many of its seats they compete for, and what they lose."""
        pairs, n_reps = self.formulation.pairs, self.formulation.pairs.instance.n_reps
        holder = np.where(choice >= 0, pairs.column_rep[np.maximum(choice, 0)], -1)
        close = self.cost <= near
        mine = holder[pairs.column_unit] == seed_rep
        links = np.bincount(pairs.column_rep[close & mine], minlength=n_reps).astype(np.float64)
        theirs = holder[pairs.column_unit[close & (pairs.column_rep == seed_rep)]]
        links += np.bincount(theirs[theirs >= 0], minlength=n_reps)
        links[seed_rep] = 0.0
        loss = self.loss_by_rep(choice)
        weight = links * (0.2 + loss / max(float(loss.max()), 1e-12))
        reps = np.zeros(n_reps, np.bool_)
        reps[seed_rep] = True
        eligible = np.flatnonzero(weight > 0)
        if len(eligible):
            share = weight[eligible] / weight[eligible].sum()
            reps[rng.choice(eligible, min(size - 1, len(eligible)), replace=False, p=share)] = True
        return reps

    def freed(self, choice: Choice, reps: Bools, most: int) -> tuple[Bools, Bools]:
        """Units that these reps hold (or that nobody holds), and their `most` columns of least reduced cost."""
        pairs = self.formulation.pairs
        holder = np.where(choice >= 0, pairs.column_rep[np.maximum(choice, 0)], -1)
        units = np.where(holder >= 0, reps[np.maximum(holder, 0)], False)
        theirs = reps[pairs.column_rep]
        idle = np.zeros(pairs.n_units, np.bool_)
        idle[pairs.column_unit[theirs]] = True
        units |= idle & (choice < 0)
        listed = np.flatnonzero(theirs & units[pairs.column_unit] & np.isfinite(self.cost))
        if len(listed) > most:
            listed = listed[np.argpartition(self.cost[listed], most)[:most]]
        columns = np.zeros(pairs.n_columns, np.bool_)
        columns[listed] = True
        columns[choice[units & (choice >= 0)]] = True
        several = np.bincount(pairs.column_unit[columns], minlength=pairs.n_units) > 1
        units &= several | (choice < 0) | self.formulation.may_idle
        return units, columns


def _rep_of_row(formulation: Formulation) -> npt.NDArray[np.int64]:
    """The one rep whose columns a row has, -1 for rows over several."""
    matrix, reps = formulation.matrix, formulation.pairs.column_rep
    filled = np.flatnonzero(np.diff(matrix.indptr) > 0)
    owner = np.full(formulation.n_rows, -1, np.int64)
    if len(filled):
        rep = reps[matrix.indices]
        least = np.minimum.reduceat(rep, matrix.indptr[filled])
        most = np.maximum.reduceat(rep, matrix.indptr[filled])
        owner[filled] = np.where(least == most, least, -1)
    return owner
