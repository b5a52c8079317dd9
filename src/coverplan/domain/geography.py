"""Distances on the sphere and the territory tree."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Bools, Floats, Instance, Ints

EARTH_RADIUS_KM = 6371.0088


def haversine_km(lat: Floats, lon: Floats, other_lat: Floats, other_lon: Floats) -> Floats:
    """Great-circle distance in km, elementwise; NaN where a coordinate is missing."""
    first, second = np.radians(lat), np.radians(other_lat)
    half = np.sin((second - first) / 2) ** 2
    half += np.cos(first) * np.cos(second) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return km


def lineage(parent: Ints) -> Bools:
    """`lineage[t, a]` is true when a is t itself or one of its ancestors, (territories, territories)."""
    size = len(parent)
    related = np.eye(size, dtype=np.bool_)
    above = parent.copy()
    for _ in range(size):
        alive = above >= 0
        if not alive.any():
            break
        related[np.flatnonzero(alive), above[alive]] = True
        above = np.where(alive, parent[above], -1).astype(np.int32)
    return related


def in_subtrees(instance: Instance, roots: Ints) -> Bools:
    """Which territories lie in the subtree of one of the roots."""
    inside: Bools = np.asarray(lineage(instance.territories.parent)[:, roots].any(axis=1))
    return inside


def rep_covers(instance: Instance) -> Bools:
    """`covers[r, t]`: rep r may serve territory t; the last column stands for accounts without a territory."""
    related = lineage(instance.territories.parent)
    own = instance.reps.territories.matrix(len(instance.territories.ids))
    covers = (own.astype(np.float32) @ related.T.astype(np.float32)) > 0
    covers[instance.reps.territories.lengths == 0] = True
    return np.column_stack([covers, np.ones(instance.n_reps, np.bool_)])
