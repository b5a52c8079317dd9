"""The certificate's bound: what the prices of the coupling rows prove.

For prices y = y+ - y- with 0 <= y+, y- (at most rho on soft rows), y+ only where the upper bound is finite and y-
only where the lower one is:

    L(y) = sum over blocks of the best of v0 - B'y and v - A'y + u'y+ - l'y-

is an upper bound on every plan (Lagrangian relaxation). A block is one unit, or units that rules tie together (see
`ties`): its best choice pays the weight of the ties that it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.pricing.ties import blocks_of

ROUNDING = 1e-12
"""Share of the sum of absolute terms added against rounding."""


@dataclass(frozen=True, eq=False)
class Prices:
    """Non-negative multipliers per priced row, in money per unit of the row."""

    upper: Floats
    lower: Floats

    @property
    def net(self) -> Floats:
        return self.upper - self.lower


def admissible(formulation: Formulation, signed: Floats) -> Prices:
    """Split signed multipliers (positive: the upper side) and cut them to what the rows admit."""
    most = formulation.penalty
    upper = np.where(np.isfinite(formulation.upper), np.clip(signed, 0.0, most), 0.0)
    lower = np.where(np.isfinite(formulation.lower), np.clip(-signed, 0.0, most), 0.0)
    return Prices(upper, lower)


def reduced(formulation: Formulation, prices: Prices) -> tuple[Floats, Floats]:
    """Reduced objective of every column and of every unit's uncovered column; closed ones are -inf."""
    columns = formulation.value - formulation.matrix.T @ prices.net
    idle = formulation.idle_value - formulation.idle_matrix.T @ prices.net
    columns[~formulation.open_column] = -np.inf
    idle[~formulation.may_idle] = -np.inf
    return columns, idle


def best_of_units(formulation: Formulation, columns: Floats, idle: Floats) -> Floats:
    """The most that each unit can bring, uncovered or by one of its columns."""
    starts = formulation.pairs.unit_start
    filled = np.flatnonzero(np.diff(starts) > 0)
    best = idle.copy()
    if len(filled):
        best[filled] = np.maximum(best[filled], np.maximum.reduceat(columns, starts[filled]))
    return best


def worth_of_rows(formulation: Formulation, prices: Prices) -> Floats:
    """u'y+ - l'y-, row by row."""
    rows = np.where(prices.upper > 0, formulation.upper, 0.0) * prices.upper
    return np.asarray(rows - np.where(prices.lower > 0, formulation.lower, 0.0) * prices.lower)


def floor(formulation: Formulation) -> float:
    """No plan is worth less: every unit its worst choice, every soft row as far out of its bounds as it can get.

    A bound below this floor proves that there is no plan.
    """
    return floor_of(formulation, worst_of_units(formulation), extent(formulation.matrix))


def worst_of_units(formulation: Formulation) -> Floats:
    """The least that each unit can bring; infinite where it has no choice."""
    starts = formulation.pairs.unit_start
    filled = np.flatnonzero(np.diff(starts) > 0)
    worst = np.where(formulation.may_idle, formulation.idle_value, np.inf)
    if len(filled):
        open_values = np.where(formulation.open_column, formulation.value, np.inf)
        worst[filled] = np.minimum(worst[filled], np.minimum.reduceat(open_values, starts[filled]))
    return worst


def extent(matrix: sparse.csc_array) -> Floats:
    """The least and the largest activity of each row, (2, rows), whatever is chosen."""
    sides = (np.minimum(matrix.data, 0.0), np.maximum(matrix.data, 0.0))
    return np.stack([np.bincount(matrix.indices, side, matrix.shape[0]) for side in sides])


def floor_of(formulation: Formulation, worst: Floats, choices: Floats) -> float:
    """The floor, from the worst of each unit and the `extent` of all choices, which may be more than are listed."""
    if np.isposinf(worst).any():
        return np.inf
    least, most = choices + extent(formulation.idle_matrix)
    soft = np.isfinite(formulation.penalty)
    missed = np.maximum(0.0, np.maximum(most - formulation.upper, formulation.lower - least))
    penalties = float(formulation.penalty[soft] @ missed[soft])
    ties = sum((rule.penalty or 0.0) * len(block.owner) for rule, block in formulation.linked)
    total = float(worst.sum()) + formulation.offset - penalties - ties
    return total - 1e-9 * (float(np.abs(worst).sum()) + penalties + ties + abs(formulation.offset))


def upper_bound(formulation: Formulation, prices: Prices) -> float:
    """L(y), a proven upper bound on the objective; -inf when some unit has no choice at all."""
    columns, idle = reduced(formulation, prices)
    best, blocks = best_of_units(formulation, columns, idle), blocks_of(formulation)
    if blocks:
        best = np.concatenate([best[~blocks.tied], blocks.values(columns, idle)])
    return lagrangian(formulation, prices, best)


def lagrangian(formulation: Formulation, prices: Prices, best: Floats) -> float:
    """L(y) of the best that each block can bring at these prices, made safe against rounding."""
    if np.isneginf(best).any():
        return -np.inf
    rows = worth_of_rows(formulation, prices)
    absolute = np.abs(best).sum() + np.abs(rows).sum() + abs(formulation.offset)
    return float(best.sum() + rows.sum() + formulation.offset + ROUNDING * absolute)
