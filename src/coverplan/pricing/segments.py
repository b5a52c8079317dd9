"""Smoothed maxima over segments of an array, and the share of each member in its maximum.

At temperature 0 the maximum is exact and the share goes to one member, the first of equals: the same code then gives
a bound and the choice that attains it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from coverplan.domain.instance import Floats

Indices = npt.NDArray[np.signedinteger]


def maxima(values: Floats, owner: Indices, owners: int, temperature: float) -> Floats:
    """Smoothed maximum per owner; members ordered by owner; -inf for owners without members."""
    found = np.full(owners, -np.inf)
    if len(values) == 0:
        return found
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    most = np.maximum.reduceat(values, first)
    found[owner[first]] = most
    if temperature > 0:
        base = np.where(np.isneginf(most), 0.0, most)
        total = np.add.reduceat(np.exp((values - np.repeat(base, _lengths(first, len(values)))) / temperature), first)
        with np.errstate(divide="ignore"):
            found[owner[first]] = base + temperature * np.log(total)
    return found


def shares(values: Floats, owner: Indices, maximum: Floats, temperature: float) -> Floats:
    """Share of each member in its owner's maximum; shares of an owner sum to 1."""
    if len(values) == 0:
        return values.copy()
    most = maximum[owner]
    if temperature > 0:
        return np.asarray(np.exp((values - np.where(np.isneginf(most), 0.0, most)) / temperature))
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    attains = values == most
    rank = np.cumsum(attains)
    before = rank[first] - attains[first]
    return np.asarray(attains & (rank - np.repeat(before, _lengths(first, len(values))) == 1)).astype(np.float64)


def larger(one: Floats, other: Floats, temperature: float) -> tuple[Floats, Floats]:
    """Smoothed maximum of two arrays, and the share of the first in it."""
    if temperature == 0.0:
        return np.maximum(one, other), (one >= other).astype(np.float64)
    most = np.logaddexp(one / temperature, other / temperature) * temperature
    return most, np.exp((one - np.where(np.isneginf(most), 0.0, most)) / temperature)


def _lengths(first: Indices, size: int) -> Indices:
    return np.diff(np.append(first, size))
