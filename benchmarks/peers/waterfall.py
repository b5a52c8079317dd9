"""The greedy waterfall of the planning suites: keep who may stay, then hand out the rest, largest account first.

Each account goes to the rep of greatest value who still has hours; no look-ahead, no bound.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.arrays import Arrays, Ints
from benchmarks.contender import ARRAYS, Limits
from benchmarks.recorder import Recorder


def choose(arrays: Arrays) -> Ints:
    """The choice that the waterfall makes."""
    left = np.where(np.isnan(arrays.capacity), np.inf, arrays.capacity)
    choice = np.full(arrays.n_units, -1, np.int64)
    for keep in (True, False):
        for unit in np.argsort(-arrays.revenue):
            columns = np.arange(arrays.unit_start[unit], arrays.unit_start[unit + 1])
            columns = columns[arrays.opened[columns] & (arrays.hours[columns] <= left[arrays.rep[columns]])]
            columns = columns[arrays.current[columns]] if keep else columns
            if choice[unit] < 0 and len(columns):
                best = columns[np.argmax(arrays.value[columns])]
                choice[unit] = best
                left[arrays.rep[best]] -= arrays.hours[best]
    return choice


def run(folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Record the one plan that it makes; the recount says what it is worth."""
    arrays = Arrays.read(folder / ARRAYS)
    recorder.start()
    recorder.keep(choose(arrays))
    recorder.end(status="plan")
