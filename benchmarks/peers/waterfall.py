"""The greedy waterfall of the planning suites: keep who may stay, then hand out the rest, largest account first.

Each account goes to the rep of greatest value who still has hours; no look-ahead, no bound.
"""

from __future__ import annotations

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice


def run(formulation: Formulation) -> Choice:
    """The choice that the waterfall makes."""
    pairs = formulation.pairs
    hours = np.bincount(pairs.column, pairs.hours, pairs.n_columns)
    left = np.where(np.isnan(pairs.book.capacity), np.inf, pairs.book.capacity)
    current = np.zeros(pairs.n_columns, np.bool_)
    current[pairs.column[pairs.is_current]] = True
    revenue = np.bincount(pairs.unit_of_seat, pairs.book.seat_measure("revenue"), pairs.n_units)
    choice = np.full(pairs.n_units, -1, np.int64)
    for keep in (True, False):
        for unit in np.argsort(-revenue):
            columns = np.arange(pairs.unit_start[unit], pairs.unit_start[unit + 1])
            columns = columns[formulation.open_column[columns] & (hours[columns] <= left[pairs.column_rep[columns]])]
            columns = columns[current[columns]] if keep else columns
            if choice[unit] < 0 and len(columns):
                best = columns[np.argmax(formulation.value[columns])]
                choice[unit] = best
                left[pairs.column_rep[best]] -= hours[best]
    return choice
