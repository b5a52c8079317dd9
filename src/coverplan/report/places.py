"""The map: accounts where they are, by the rep of today and the rep of the plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from coverplan.domain.instance import Floats, Ints
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
    """Accounts of one grid cell, rep of today and rep of the plan as one mark."""
    group, size = _groups(x, y, today, planned)
    shown = np.zeros(len(size), np.bool_)
    shown[np.argsort(-size, kind="stable")[:MARKS]] = True
    first = np.zeros(len(size), np.int64)
    first[group] = np.arange(len(group))
    middle = [(np.bincount(group, axis) / size)[shown] for axis in (x, y)]
    total = np.bincount(group, revenue).astype(np.float64)[shown]
    marks = _marks(middle[0], middle[1], today[first][shown], planned[first][shown], total)
    return marks | {"sizes": size[shown].astype(int).tolist(), "left_out": int(size[~shown].sum())}


def _groups(x: Floats, y: Floats, today: Ints, planned: Ints) -> tuple[Ints, Floats]:
    """The group of each account and the size of each group, on the finest grid that has no more than fit."""
    span = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    cells = FINEST_GRID
    while True:
        places = [np.floor((axis - axis.min()) / span * cells).astype(np.int64) for axis in (x, y)]
        keys, group = np.unique(np.column_stack([*places, today, planned]), axis=0, return_inverse=True)
        if len(keys) <= MARKS or cells == 1:
            return group.reshape(-1).astype(np.int32), np.bincount(group.reshape(-1)).astype(np.float64)
        cells //= 2
