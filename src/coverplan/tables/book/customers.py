"""The accounts of a generated book as a table."""

from __future__ import annotations

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.columns import SKILLS, Columns, labels, numbered
from coverplan.tables.book.market import INDUSTRIES, SEGMENTS
from coverplan.tables.book.names import companies
from coverplan.tables.book.places import NAMES, nearest_city
from coverplan.tables.book.plant import GONE
from coverplan.tables.book.team import ROLES

TAGS = ("launch", "renewal_this_year", "rival_alpha", "rival_beta", "starter")


def accounts(rng: np.random.Generator, columns: Columns, rep_skills: Bools) -> pl.DataFrame:
    market, ground, count = columns.market, columns.ground, len(columns.market.hours)
    ids = columns.account_ids
    name = companies(rng, market.industry, INDUSTRIES)
    city = pl.Series(NAMES).gather(nearest_city(market.points.lat, market.points.lon))
    child = pl.Series(ground.parent >= 0)
    tags = rng.random((count, len(TAGS))) < np.array([0.06, 0.2, 0.01, 0.01, 0.0])
    tags[:, TAGS.index("starter")] = (market.segment == len(SEGMENTS) - 1) & (rng.random(count) < 0.25)
    own = pl.Series(market.own_hours)
    history, months = _history(rng.spawn(1)[0], market.history)
    return pl.DataFrame({"id": ids, "own": own, "child": child, "hours": market.hours}).select(
        "id",
        name=pl.when("child").then(name.gather(ground.root) + " " + city).otherwise(name),
        parent_id=pl.when("child").then(ids.gather(ground.root)),
        territory_id=numbered("t", columns.patches).gather(ground.patch),
        segment=pl.Series(SEGMENTS).gather(market.segment),
        industry=pl.Series(INDUSTRIES).gather(market.industry),
        kind=pl.Series(["prospect", "customer"]).gather(market.customer.astype(np.int64)),
        revenue_history=history,
        last_year_months=months,
        potential=pl.Series(market.potential),
        hours=pl.when("own").then("hours"),
        current=_current(rng, columns),
        relationship_strength=pl.Series(np.round(rng.gamma(8.0, 1 / 8.0, count).clip(0.2, 3.0), 2)),
        open_opportunity=pl.Series(rng.random(count) < 0.07),
        locked=pl.Series(_settled(columns) & (rng.random(count) < 0.015)),
        required_skills=labels(_required(rng, columns, rep_skills), SKILLS),
        location=pl.DataFrame({"lat": market.points.lat, "lon": market.points.lon}).to_struct(),
        tags=labels(tags, TAGS),
    )


def _history(rng: np.random.Generator, history: Floats) -> tuple[pl.Series, pl.Series]:
    """The years of each account, oldest first, and the months of the last: who has one year only came within it."""
    months = rng.integers(1, 13, len(history)).astype(np.float64)
    came = np.isnan(history[:, 1]) & ~np.isnan(history[:, 2]) & (months < 12)
    last = np.where(came, np.round(history[:, 2] * months / 12, -1), history[:, 2])
    years = pl.DataFrame({"a": history[:, 0], "b": history[:, 1], "c": last}).select(pl.all().fill_nan(None))
    lists = years.select(pl.concat_list("a", "b", "c").list.drop_nulls().alias("history"))["history"]
    return lists, pl.Series(np.where(came, months, np.nan)).fill_nan(None)


def _current(rng: np.random.Generator, columns: Columns) -> pl.Series:
    """The `current` list per account; the rep who left has the id after the last rep's."""
    count = len(columns.market.hours)
    entries = []
    for role, books in zip(ROLES, columns.today, strict=False):
        rep = np.where(books == GONE, columns.team.count, books)
        days = pl.lit(pl.Series(rng.integers(30, 365 * 8, count)))
        entry = pl.select(
            role=pl.lit(role),
            rep_id=columns.rep_ids.gather(np.maximum(rep, 0)),
            since=pl.lit(columns.start) - pl.duration(days=days),
        ).to_struct(role)
        entries.append(pl.select(pl.when(pl.Series(rep >= 0)).then(entry).alias(role)))
    return pl.concat(entries, how="horizontal").select(pl.concat_list(pl.all()).list.drop_nulls().alias("current"))[
        "current"
    ]


def _settled(columns: Columns) -> Bools:
    """Accounts whose seats are all held by the planted rep, or vacant: locking them keeps the planted plan."""
    keeps = [(today == planted) | (today == -1) for today, planted in zip(columns.today, columns.planted, strict=True)]
    return np.asarray(np.logical_and.reduce(keeps) & (columns.today[0] >= 0))


def _required(rng: np.random.Generator, columns: Columns, rep_skills: Bools) -> Bools:
    """Skills that few accounts require, and that their planted reps have."""
    wanted = rng.random((len(columns.market.hours), len(SKILLS))) < 0.012
    for planted in columns.planted:
        wanted &= np.where((planted >= 0)[:, None], rep_skills[planted], True)
    return wanted
