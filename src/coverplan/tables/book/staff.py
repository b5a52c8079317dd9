"""The people of a generated book as tables: managers, reps and what suits them."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.columns import SKILLS, Columns, labels, numbered
from coverplan.tables.book.market import INDUSTRIES
from coverplan.tables.book.team import RAMP, ROLES, STATUSES, TEAMS_PER_DIRECTOR


def managers(columns: Columns, names: pl.Series) -> pl.DataFrame:
    """A head of sales; directors where there are many teams; one manager per team."""
    teams = int(columns.team.team.max()) + 1
    directors = -(-teams // TEAMS_PER_DIRECTOR) if teams > TEAMS_PER_DIRECTOR else 0
    above = ["vp"] * teams if not directors else [f"d{team * directors // teams + 1}" for team in range(teams)]
    ids = [
        "vp",
        *(f"d{k + 1}" for k in range(directors)),
        *(f"m{k + 1}" for k in range(teams)),
    ]
    bosses = [None, *["vp"] * directors, *above]
    return pl.DataFrame({"id": ids, "name": names.head(len(ids)), "manager_id": bosses})


def reps(
    rng: np.random.Generator,
    columns: Columns,
    names: pl.Series,
    skills: Bools,
    *,
    everywhere: bool,
) -> pl.DataFrame:
    team, count = columns.team, columns.team.count
    home_lat, home_lon = _homes(rng, columns)
    territory = numbered("t", columns.patches)
    ranges = pl.DataFrame({"first": team.first, "last": team.last}).select(
        pl.int_ranges("first", "last").alias("range")
    )
    covered = ranges["range"].explode().to_numpy()
    owner = np.repeat(np.arange(count), team.last - team.first)
    lists = (
        pl.DataFrame({"owner": owner, "id": territory.gather(covered)})
        .group_by("owner", maintain_order=True)
        .all()["id"]
    )
    started = ~np.isnan(team.start_month)
    revenue = np.zeros(count)
    for reps in columns.planted:
        revenue += np.bincount(reps[reps >= 0], columns.market.revenue[reps >= 0], count)
    names = names.head(count)
    is_open = pl.Series(team.status == STATUSES.index("open"))
    plain = pl.DataFrame({"name": names, "open": is_open, "id": columns.rep_ids.head(count)})
    return pl.DataFrame({"id": columns.rep_ids.head(count)}).with_columns(
        plain.select(
            name=pl.when("open").then(pl.format("Open position {}", "id")).otherwise("name"),
            email=pl.when(~pl.col("open")).then(
                pl.col("name").str.to_lowercase().str.replace_all(" ", ".") + "@example.com"
            ),
        ),
        role=pl.Series([ROLES[code] for code in team.role]),
        manager_id=pl.Series([f"m{code + 1}" for code in team.team]),
        territory_ids=pl.Series([[]] * count, dtype=pl.List(pl.String)) if everywhere else lists,
        skills=labels(skills, SKILLS),
        location=pl.DataFrame({"lat": home_lat, "lon": home_lon}).to_struct(),
        status=pl.Series([STATUSES[code] for code in team.status]),
        start_date=pl.Series([_month(columns.start, m) for m in team.start_month], dtype=pl.Date),
        ramp=pl.Series(
            [list(RAMP) if given else None for given in started],
            dtype=pl.List(pl.Float64),
        ),
        capacity_hours=pl.Series(columns.capacity),
        quota=pl.Series(np.round(1.05 * revenue * columns.months / 12, -4)),
        cost=pl.Series(np.round(rng.normal(165_000, 20_000, count).clip(110_000, 240_000), -3)),
    )


def _homes(rng: np.random.Generator, columns: Columns) -> tuple[Floats, Floats]:
    """Each rep lives where one of the accounts of the home patch is."""
    per_patch = np.bincount(columns.ground.patch, minlength=columns.patches)
    start = np.concatenate([[0], np.cumsum(per_patch)])[columns.team.home]
    size = per_patch[columns.team.home]
    account = columns.ground.order[
        (start + rng.random(len(start)) * size).astype(np.int64).clip(0, per_patch.sum() - 1)
    ]
    return columns.market.points.lat[account], columns.market.points.lon[account]


def _month(start: dt.date, months: float) -> dt.date | None:
    """The date `months` whole months after `start`, on the same day where the month has it."""
    if np.isnan(months):
        return None
    year, month = divmod(start.year * 12 + start.month - 1 + int(months), 12)
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def fit(rng: np.random.Generator, columns: Columns) -> pl.DataFrame:
    """Each rep suits some industries a little better or worse: by less than a change of rep costs."""
    suits = rng.choice([0, 1, -1], (columns.team.count, len(INDUSTRIES)), p=[0.88, 0.09, 0.03])
    rep, industry = np.nonzero(suits)
    factor = np.where(
        suits[rep, industry] > 0,
        rng.uniform(1.02, 1.08, len(rep)),
        rng.uniform(0.93, 0.98, len(rep)),
    )
    return pl.DataFrame(
        {
            "rep_id": columns.rep_ids.gather(rep),
            "industry": pl.Series(INDUSTRIES).gather(industry),
            "multiplier": np.round(factor, 2),
        }
    )
