"""The map: accounts where they are, by the rep of today and the rep of the plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.payload.plan import Plan
from coverplan.report.facts import Facts

MARKS = 4000
"""Most marks on the map; beyond it, accounts of one place and rep share a mark."""
FINEST_GRID = 96


def map_data(plan: Plan, facts: Facts) -> dict[str, Any] | None:
    """Marks and homes for the script; None where no account has a location.

    Longitudes are shrunk by the cosine of the middle latitude, so that both axes have one scale.
    """
    accounts, reps = facts.book.instance.accounts, facts.book.instance.reps
    located = ~np.isnan(accounts.lat) & ~np.isnan(accounts.lon)
    if not located.any():
        return None
    today, planned = facts.primary_reps_today()[located], facts.primary_reps_planned(plan)[located]
    shrink = _shrink(accounts.lat[located])
    x, y = accounts.lon[located] * shrink, accounts.lat[located]
    revenue = facts.book.revenue[located]
    data: dict[str, Any] = {
        "accounts": int(located.sum()),
        "missing": int((~located).sum()),
        "homes": [_point(lon * shrink, lat) for lat, lon in zip(reps.lat.tolist(), reps.lon.tolist(), strict=True)],
    }
    if len(x) <= MARKS:
        names = [name for name, there in zip(accounts.names, located.tolist(), strict=True) if there]
        return data | _marks(x, y, today, planned, revenue) | {"names": names, "grouped": False}
    return data | _grouped(x, y, today, planned, revenue) | {"grouped": True}


def _shrink(lat: Floats) -> float:
    return float(np.cos(np.radians((lat.min() + lat.max()) / 2)))


def _point(x: float, y: float) -> list[float] | None:
    return None if np.isnan(x) or np.isnan(y) else [round(x, 4), round(y, 4)]


def _marks(x: Floats, y: Floats, today: Ints, planned: Ints, revenue: Floats) -> dict[str, Any]:
    return {
        "x": np.round(x, 4).tolist(),
        "y": np.round(y, 4).tolist(),
        "today": today.tolist(),
        "plan": planned.tolist(),
        "revenue": np.round(revenue, 2).tolist(),
    }


def _grouped(x: Floats, y: Floats, today: Ints, planned: Ints, revenue: Floats) -> dict[str, Any]:
    """Accounts of one grid cell, rep of today and rep of the plan as one mark, on the finest grid that fits."""
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    cells = FINEST_GRID
    while True:
        column, line = (np.floor((axis - axis.min()) / span * cells).astype(np.int64) for axis in (x, y))
        keys, group, size = np.unique(
            np.column_stack([column, line, today, planned]), axis=0, return_inverse=True, return_counts=True
        )
        if len(keys) <= MARKS or cells == 1:
            break
        cells //= 2
    group, size = group.reshape(-1), size.astype(np.int32)
    shown = _largest(size)
    mean = [np.bincount(group, axis) / size for axis in (x, y)]
    marks = _marks(
        mean[0][shown],
        mean[1][shown],
        keys[shown, 2].astype(np.int32),
        keys[shown, 3].astype(np.int32),
        np.bincount(group, revenue).astype(np.float64)[shown],
    )
    return marks | {"sizes": size[shown].tolist(), "left_out": int(size[~shown].sum())}


def _largest(size: Ints) -> Bools:
    """The groups with most accounts, no more than fit."""
    shown = np.zeros(len(size), np.bool_)
    shown[np.argsort(-size, kind="stable")[:MARKS]] = True
    return shown
