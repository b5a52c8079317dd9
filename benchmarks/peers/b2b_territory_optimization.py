"""`b2b-territory-optimization` from PyPI, in an environment of its own.

Its model: accounts fall into buckets, each bucket is cut into k nameless territories of equal metric by the LPT rule,
and chosen accounts can be locked to a territory. It knows no rep with hours of its own, no value per pair, no cap on
moves and no cost of moving. So an instance is expressible where the reps fall into pools that share no account and
each rep of a pool may take (nearly) every account of it, with the same hours: a pool is a bucket, a rep a territory,
and the hours are the metric. What its plan breaks, the recount says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.arrays import Arrays, Ints
from benchmarks.contender import ARRAYS, Limits, NotExpressibleError
from benchmarks.recorder import Recorder

REQUIREMENTS = ("b2b-territory-optimization==0.1.4", "pandas<3", "numpy>=2.2", "scipy>=1.15")
ENOUGH = 0.9
"""Share of a pool's pairs that must be admissible."""


def pools(arrays: Arrays) -> list[tuple[Ints, Ints]]:
    """Units and reps of each pool.

    Raises:
        NotExpressibleError: the instance is none of disjoint pools whose reps are alike.
    """
    from scipy.sparse import coo_array, csgraph  # noqa: PLC0415 - not every peer's environment has it

    if _spread(arrays.hours, arrays) > 0:
        raise NotExpressibleError("hours differ between the reps of an account")
    n_reps, size = len(arrays.capacity), arrays.n_units + len(arrays.capacity)
    edges = (np.ones(arrays.n_columns), (arrays.unit, arrays.n_units + arrays.rep))
    _, pool = csgraph.connected_components(coo_array(edges, shape=(size, size)), directed=False)
    found = []
    for label in np.unique(pool[: arrays.n_units]):
        units = np.flatnonzero(pool[: arrays.n_units] == label)
        reps = np.flatnonzero(pool[arrays.n_units :] == label)
        pairs = int(np.diff(arrays.unit_start)[units].sum())
        if len(reps) == 0:
            continue
        if pairs < ENOUGH * len(units) * len(reps):
            share = pairs / (len(units) * len(reps))
            raise NotExpressibleError(
                f"of {len(units):,} accounts x {len(reps):,} of {n_reps:,} reps only {share:.0%} of the pairs are "
                "admissible: there are no disjoint buckets"
            )
        found.append((units, reps))
    return found


def _spread(values: npt.NDArray[np.float64], arrays: Arrays) -> float:
    """Largest difference of a column's number from that of its unit's first column."""
    first = values[np.minimum(arrays.unit_start[arrays.unit], len(values) - 1)]
    return float(np.abs(values - first).max(initial=0.0))


def run(folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Record the one plan that it makes."""
    arrays = Arrays.read(folder / ARRAYS)
    buckets = pools(arrays)
    import pandas as pd  # noqa: PLC0415 - only this peer's environment has it
    from b2b_territory_optimization import TerritoryAllocator  # noqa: PLC0415

    recorder.start()
    hours = np.zeros(arrays.n_units)
    hours[arrays.unit] = arrays.hours
    allocator = TerritoryAllocator(target_metric="hours", territory_prefix="T")
    rep_of_unit = np.full(arrays.n_units, -1, np.int64)
    locked = _locked(arrays)
    for number, (units, reps) in enumerate(buckets):
        frame = pd.DataFrame({"Account_ID": units, "hours": hours[units]})
        name = [f"bucket{number}_T_{place + 1}" for place in range(len(reps))]
        place_of = dict(zip(reps.tolist(), name, strict=True))
        locks = {unit: place_of[rep] for unit, rep in locked.items() if rep in place_of and unit in set(units.tolist())}
        answer = allocator.allocate_bucket(frame, len(reps), f"bucket{number}", locks)
        rep_of_place = dict(zip(name, reps.tolist(), strict=True))
        rep_of_unit[answer["Account_ID"]] = [rep_of_place[place] for place in answer["Territory_ID"]]
    recorder.keep(_choice(arrays, rep_of_unit))
    recorder.end(status="plan")


def _locked(arrays: Arrays) -> dict[int, int]:
    """Rep of the units that have one open column only."""
    opened = np.flatnonzero(arrays.opened)
    units, first, count = np.unique(arrays.unit[opened], return_index=True, return_counts=True)
    return dict(zip(units[count == 1].tolist(), arrays.rep[opened[first[count == 1]]].tolist(), strict=True))


def _choice(arrays: Arrays, rep_of_unit: Ints) -> Ints:
    """The column of each unit's rep; a pair that is not admissible leaves the unit without one."""
    fits = np.flatnonzero(arrays.rep == rep_of_unit[arrays.unit])
    choice = np.full(arrays.n_units, -1, np.int64)
    choice[arrays.unit[fits]] = fits
    return choice
