"""Pairs on demand: at the final prices, admissible pairs that were not listed are looked at, and the good ones added.

A pass over all admissible pairs also gives the bound that holds for all of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from coverplan.domain.candidates import Candidates
from coverplan.domain.eligibility import Keys
from coverplan.domain.listing import Listing, keys_of
from coverplan.formulation.build import Formulation, build
from coverplan.pricing.bound import (
    ROUNDING,
    Prices,
    best_of_units,
    extent,
    floor_of,
    reduced,
    worst_of_units,
    worth_of_rows,
)
from coverplan.pricing.ties import blocks_of

MOST_PAIRS = 100_000_000
"""Admissible pairs up to which the bound covers them all."""
ADDED_PER_UNIT = 3
"""Columns added to a unit in one pass, the best first."""


@dataclass(frozen=True, eq=False)
class Pass:
    """What a pass over all admissible pairs found: the bound for all of them, and columns that would improve it."""

    bound: float
    keys: Keys
    floor: float
    """No plan is worth less: a bound below it proves that there is none."""
    n_columns: int
    """How many columns there are in all."""


def look_at_all(listing: Listing, formulation: Formulation, prices: Prices, deadline: float) -> Pass | None:
    """Price all admissible pairs; None where the deadline (`time.monotonic`) came first."""
    top = best_of_units(formulation, *reduced(formulation, prices))
    rows = worth_of_rows(formulation, prices)
    total, absolute = float(rows.sum()) + formulation.offset, float(np.abs(rows).sum()) + abs(formulation.offset)
    found, worst, choices = [], np.zeros(formulation.pairs.n_units), np.zeros((2, formulation.n_rows))
    n_columns = 0
    for pairs, mine in listing.parts():
        n_columns += pairs.n_columns
        if time.monotonic() > deadline:
            return None
        part = build(pairs, formulation.rules, formulation.weights)
        columns, idle = reduced(part, prices)
        best, blocks = best_of_units(part, columns, idle), blocks_of(part)
        values = best[mine & ~blocks.tied]
        if blocks:
            values = np.concatenate([values, blocks.values(columns, idle, mine)])
        total, absolute = total + float(values.sum()), absolute + float(np.abs(values).sum())
        found.append(_improving(pairs, columns, top))
        worst[mine], choices = worst_of_units(part)[mine], choices + extent(part.matrix)
    # Ties are counted over the listed pairs only, and more of them would lower the floor.
    least = -np.inf if formulation.linked else floor_of(formulation, worst, choices)
    return Pass(total + ROUNDING * absolute, np.concatenate([np.empty(0, np.int64), *found]), least, n_columns)


def _improving(pairs: Candidates, worth: np.ndarray, top: np.ndarray) -> Keys:
    size = 1e-9 * float(np.abs(top[np.isfinite(top)]).max(initial=0.0))
    better = np.flatnonzero(worth > top[pairs.column_unit] + size)
    if len(better) == 0:
        return np.empty(0, np.int64)
    unit = pairs.column_unit[better]
    order = np.lexsort((-worth[better], unit))
    first = np.searchsorted(unit[order], unit[order])
    chosen = order[np.arange(len(order)) - first < ADDED_PER_UNIT]
    return keys_of(pairs)[better[chosen]]
