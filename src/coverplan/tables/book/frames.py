"""A generated book as tables, with the columns of the problem document."""

from __future__ import annotations

import numpy as np
import polars as pl

from coverplan.domain.instance import Floats
from coverplan.tables.book import market as markets
from coverplan.tables.book.columns import SKILLS, Columns, numbered
from coverplan.tables.book.customers import accounts
from coverplan.tables.book.market import SEGMENTS, Indices
from coverplan.tables.book.names import people
from coverplan.tables.book.places import NAMES, nearest_city
from coverplan.tables.book.staff import fit, managers, reps
from coverplan.tables.book.team import ROLES
from coverplan.tables.folder import Book

MAX_REGIONS = 8


def book(rng: np.random.Generator, columns: Columns, *, everywhere: bool) -> Book:
    """The tables of a book and its head."""
    names = people(
        rng,
        columns.team.count + 1 + int(columns.team.team.max()) + 1 + MAX_REGIONS + columns.team.count // 8,
    )
    skills = rng.random((columns.team.count, len(SKILLS))) < 0.35
    tables = {
        "territories": territories(columns),
        "managers": managers(columns, names.slice(columns.team.count)),
        "reps": reps(rng, columns, names, skills, everywhere=everywhere),
        "accounts": accounts(rng, columns, skills),
        "fit": fit(rng, columns),
    }
    head: dict[str, object] = {
        "horizon": {"start": columns.start.isoformat(), "months": columns.months},
        "currency": "USD",
        "segments": _segments(columns),
    }
    return Book(head, tables)


def planted_plan(columns: Columns) -> pl.DataFrame:
    """account_id, role, rep_id of the planted plan."""
    parts = []
    for role, chosen in enumerate(columns.planted):
        seat = np.flatnonzero(chosen >= 0)
        parts.append(
            pl.DataFrame(
                {
                    "account_id": columns.account_ids.gather(seat),
                    "role": pl.Series([ROLES[role]]).gather(np.zeros(len(seat), np.int64)),
                    "rep_id": columns.rep_ids.gather(chosen[seat]),
                }
            )
        )
    return pl.concat(parts)


def _segments(columns: Columns) -> list[dict[str, object]]:
    engineers = np.round(columns.market.segment_hours * np.array(markets.ENGINEER_HOURS), 1)
    segments = []
    for k, name in enumerate(SEGMENTS):
        roles: list[dict[str, object]] = [{"role": ROLES[0], "hours": float(columns.market.segment_hours[k])}]
        if len(columns.planted) > 1 and engineers[k] > 0:
            roles[0]["revenue_share"] = 0.8
            roles.append({"role": ROLES[1], "hours": float(engineers[k]), "revenue_share": 0.2})
        segments.append(
            {
                "id": name,
                "roles": roles,
                "cycle_days": markets.CYCLE_DAYS[k],
                "conversion": markets.CONVERSION[k],
                "self_serve_share": markets.SELF_SERVE[k],
            }
        )
    return segments


def _tree(columns: Columns) -> tuple[Indices, int]:
    """The region of each patch and the number of regions: neighbouring patches together."""
    regions = max(1, min(MAX_REGIONS, columns.patches // 3))
    return np.arange(columns.patches) * regions // columns.patches, regions


def territories(columns: Columns) -> pl.DataFrame:
    region, regions = _tree(columns)
    weight = np.maximum(np.bincount(columns.ground.patch, minlength=columns.patches), 1)
    lat = np.bincount(columns.ground.patch, columns.market.points.lat, columns.patches) / weight
    lon = np.bincount(columns.ground.patch, columns.market.points.lon, columns.patches) / weight
    revenue = np.bincount(region[columns.ground.patch], columns.market.revenue, regions)
    in_region = np.maximum(np.bincount(region[columns.ground.patch], minlength=regions), 1)
    middle_lat = np.bincount(region[columns.ground.patch], columns.market.points.lat, regions) / in_region
    middle_lon = np.bincount(region[columns.ground.patch], columns.market.points.lon, regions) / in_region
    return pl.concat(
        [
            pl.DataFrame(
                {
                    "id": numbered("region-", regions),
                    "name": _places(middle_lat, middle_lon, " region"),
                    "parent_id": pl.Series([None] * regions, dtype=pl.String),
                    "revenue_target": np.round(0.85 * revenue * columns.months / 12, -3),
                }
            ),
            pl.DataFrame(
                {
                    "id": numbered("t", columns.patches),
                    "name": _places(lat, lon, ""),
                    "parent_id": numbered("region-", regions).gather(region),
                    "revenue_target": pl.Series([None] * columns.patches, dtype=pl.Float64),
                }
            ),
        ]
    )


def _places(lat: Floats, lon: Floats, suffix: str) -> pl.Series:
    """The nearest city's name, numbered where several share it."""
    name = pl.Series("name", [NAMES[city] for city in nearest_city(lat, lon)])
    frame = name.to_frame().with_columns(again=pl.int_range(1, pl.len() + 1).over("name"))
    number = pl.when(pl.col("again") > 1).then(pl.format(" {}", "again")).otherwise(pl.lit(""))
    return frame.select((pl.col("name") + number + suffix).alias("name"))["name"]
