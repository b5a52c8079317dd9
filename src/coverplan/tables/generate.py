"""Seeded, realistic books of any size: the problem documents of demos, tests and benchmarks.

A book is built around a planted plan that covers every seat: capacities are the planted hours divided by
`tightness`, so hard capacity together with full cover, locks and hard families always admits a plan. The
number of admissible reps per account comes from the territories: the map is cut into patches of equal work, each
account executive covers three neighbouring patches, and there are `3 x reps / pairs` patches, so about `pairs`
reps cover each. With `pairs >= reps` everybody covers everything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book import frames
from coverplan.tables.book.columns import Columns, Ground
from coverplan.tables.book.market import (
    ENGINEER_HOURS,
    HOURS_PER_REP,
    Indices,
    Market,
    draw_families,
    draw_market,
)
from coverplan.tables.book.places import patches as cut_patches
from coverplan.tables.book.plant import NOBODY, Seats, books_of_today, plant
from coverplan.tables.book.team import Team, draw_team, patch_count, pool_sizes
from coverplan.tables.folder import Book, document

DEFAULT_START = dt.date(2027, 1, 1)
EARLIEST = 1900
"""Year of the earliest start: accounts have been with their reps for years."""
MEAN_ENGINEER_HOURS = 0.22


@dataclass(frozen=True)
class Shape:
    """What is asked of a generated book.

    Raises:
        ValueError: a size below 1, a tightness outside (0, 1], or fewer reps than roles.
    """

    accounts: int
    reps: int
    pairs: int = 12
    seed: int = 0
    tightness: float = 0.92
    roles: int = 1
    start: dt.date = DEFAULT_START
    months: int = 12

    def __post_init__(self) -> None:
        for name in ("accounts", "reps", "pairs", "months"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, but is {self.seed}")
        if not 0 < self.tightness <= 1:
            raise ValueError(f"tightness must be above 0 and at most 1, not {self.tightness}")
        if self.roles not in (1, 2) or self.reps < self.roles:
            raise ValueError("roles must be 1 or 2, and there must be at least as many reps")
        if self.months > 120:
            raise ValueError(f"months must be at most 120, not {self.months}")
        if self.start.year < EARLIEST:
            raise ValueError(f"start must not lie before {EARLIEST}, but is {self.start}")


@dataclass(frozen=True, eq=False)
class Generated:
    """A generated book and the plan planted in it."""

    book: Book
    planted: pl.DataFrame
    """account_id, role, rep_id: covers every seat within capacity, territory, skills, locks and families."""


def generate(
    accounts: int,
    reps: int,
    pairs: int = 12,
    seed: int = 0,
    *,
    tightness: float = 0.92,
    roles: int = 1,
    start: dt.date = DEFAULT_START,
    months: int = 12,
) -> dict[str, object]:
    """A problem document with about `pairs` admissible reps per seat; the same seed gives the same book.

    Args:
        tightness: planted hours over available hours, at most 1; near 1 is hard to pack.
        roles: 2 gives enterprise and mid-market accounts a sales engineer as well.
    """
    return document(generate_book(Shape(accounts, reps, pairs, seed, tightness, roles, start, months)).book)


def generate_book(shape: Shape) -> Generated:
    """The book as columns, for sizes at which a document would be too large."""
    market_rng, plant_rng, team_rng, look_rng = (
        np.random.default_rng(stream) for stream in np.random.SeedSequence(shape.seed).spawn(4)
    )
    pools = pool_sizes(shape.reps, shape.roles, MEAN_ENGINEER_HOURS)
    patches = patch_count(pools[0], shape.pairs, shape.accounts)
    team = draw_team(team_rng, pools, patches, shape.pairs, shape.months)
    executives = team.productive[team.role == 0].sum()
    market = draw_market(market_rng, shape.accounts, HOURS_PER_REP * shape.tightness * executives)
    ground = _ground(market_rng, market, patches)
    seat_hours = [
        market.hours,
        market.hours * np.array(ENGINEER_HOURS)[market.segment],
    ][: shape.roles]
    if shape.roles > 1:
        seat_hours[1] = engineer_hours(market)
    planted = [
        plant(
            plant_rng,
            team,
            role,
            Seats(hours, ground.patch, patches, ground.root, ground.order),
        )
        for role, hours in enumerate(seat_hours)
    ]
    today = [books_of_today(plant_rng, team, role, planted[role], ground.patch) for role in range(shape.roles)]
    today = [np.where(~market.customer & (plant_rng.random(shape.accounts) < 0.7), NOBODY, books) for books in today]
    capacity = _capacity(team, planted, seat_hours, shape.tightness)
    columns = Columns(
        shape.start,
        shape.months,
        market,
        team,
        ground,
        planted,
        today,
        capacity,
        patches,
    )
    return Generated(
        frames.book(look_rng, columns, everywhere=shape.pairs >= shape.reps),
        frames.planted_plan(columns),
    )


def engineer_hours(market: Market) -> Floats:
    """Hours of the sales engineer per account: those of its segment, 0 where the segment has none."""
    per_segment = np.round(market.segment_hours * np.array(ENGINEER_HOURS), 1)
    return np.asarray(per_segment[market.segment])


def _ground(rng: np.random.Generator, market: Market, patches: int) -> Ground:
    """Patches, families and the order of the accounts within their patch, west to east."""
    patch = cut_patches(market.points, market.hours, patches)
    order = np.lexsort((market.points.lat, market.points.lon, patch)).astype(np.int64)
    parent = draw_families(rng, patch, order)
    root = np.where(parent >= 0, parent, np.arange(len(parent)))
    return Ground(patch, order, parent, root)


def _capacity(team: Team, planted: list[Indices], seat_hours: list[Floats], tightness: float) -> Floats:
    """Hours of the fully productive rep: planted hours over productive share and tightness, rounded up."""
    load = np.zeros(team.count)
    for reps, hours in zip(planted, seat_hours, strict=True):
        covered: Bools = reps >= 0
        load += np.bincount(reps[covered], hours[covered], team.count)
    usual = np.where(load > 0, load / team.productive / tightness, HOURS_PER_REP)
    return np.asarray(np.ceil(usual * (1 + 1e-9)))
