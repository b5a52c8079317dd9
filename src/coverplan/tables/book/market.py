"""The market of a generated book: accounts with size, industry, history and hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.places import Points, scatter

Indices = np.ndarray[tuple[int], np.dtype[np.int64]]

SEGMENTS = ("enterprise", "mid_market", "small_business")
SEGMENT_SHARE = (0.08, 0.27, 0.65)
SEGMENT_HOURS = (120.0, 40.0, 9.0)
MEDIAN_REVENUE = (420_000.0, 95_000.0, 14_000.0)
CONVERSION = (0.15, 0.2, 0.25)
CYCLE_DAYS = (120, 60, 20)
SELF_SERVE = (0.0, 0.1, 0.35)
ENGINEER_HOURS = (0.4, 0.25, 0.0)
"""Hours of a sales engineer per hour of the account executive."""

INDUSTRIES = (
    "manufacturing",
    "health",
    "retail",
    "software",
    "finance",
    "public_sector",
    "logistics",
    "energy",
    "education",
    "food",
)
INDUSTRY_SHARE = (0.18, 0.13, 0.14, 0.11, 0.1, 0.08, 0.08, 0.06, 0.06, 0.06)
HOURS_EXPONENT, HOURS_RANGE = 0.85, (0.2, 5.0)
"""Hours grow with revenue to this power, within a range around those of the segment."""
MAX_CHILDREN = 3
HOURS_PER_REP = 1500.0


@dataclass(frozen=True, eq=False)
class Market:
    """One entry per account."""

    points: Points
    segment: Indices
    industry: Indices
    customer: Bools
    history: Floats
    """Revenue of the last three years, oldest first, (accounts, 3), NaN before the first year."""
    potential: Floats
    segment_hours: Floats
    """Hours of the first role per segment."""
    hours: Floats
    """Hours of the first role per account."""

    @property
    def revenue(self) -> Floats:
        """Last year's revenue plus the potential that is expected to be won: the size of the account."""
        return np.asarray(np.nan_to_num(self.history[:, 2]) + self.potential * np.array(CONVERSION)[self.segment])

    @property
    def own_hours(self) -> Bools:
        """Accounts whose hours differ from their segment's."""
        return np.asarray(self.hours != self.segment_hours[self.segment])


def draw_market(rng: np.random.Generator, accounts: int, hours_in_total: float) -> Market:
    """Accounts whose hours come to about `hours_in_total`."""
    segment = rng.choice(len(SEGMENTS), accounts, p=SEGMENT_SHARE)
    customer = rng.random(accounts) < 0.86
    history = _history(rng, segment, customer)
    size = np.where(customer, np.nan_to_num(history[:, 2]), np.array(MEDIAN_REVENUE)[segment])
    potential = np.round(size * rng.lognormal(-0.7, 0.8, accounts), -2)
    revenue = np.nan_to_num(history[:, 2]) + potential * np.array(CONVERSION)[segment]
    segment_hours, hours = _hours(rng, segment, revenue, customer, hours_in_total)
    industry = rng.choice(len(INDUSTRIES), accounts, p=INDUSTRY_SHARE)
    return Market(
        scatter(rng, accounts),
        segment,
        industry,
        customer,
        history,
        potential,
        segment_hours,
        np.asarray(hours),
    )


def _hours(
    rng: np.random.Generator, segment: Indices, revenue: Floats, customer: Bools, in_total: float
) -> tuple[Floats, Floats]:
    """Hours per segment and per account: what brings more takes more, so that full books are about fair ones.

    Most small customers take the hours of their segment.
    """
    own = (segment < len(SEGMENTS) - 1) | ~customer | (rng.random(len(segment)) < 0.3)
    relative = (revenue / np.array(MEDIAN_REVENUE)[segment]) ** HOURS_EXPONENT * rng.lognormal(0, 0.1, len(segment))
    factor = np.where(own, relative.clip(*HOURS_RANGE), 1.0)
    usual = np.array(SEGMENT_HOURS)
    segment_hours = np.maximum(np.round(usual * in_total / (usual[segment] * factor).sum(), 1), 0.5)
    hours = segment_hours[segment] * factor
    return segment_hours, np.where(own, np.maximum(np.round(hours, 1), 0.1), hours)


def _history(rng: np.random.Generator, segment: Indices, customer: Bools) -> Floats:
    """Heavy-tailed yearly revenue with a trend; one customer in five has been with us for one or two years only."""
    count = len(segment)
    first = np.array(MEDIAN_REVENUE)[segment] * rng.lognormal(0, 0.9, count)
    growth = 1 + rng.normal(0.06, 0.16, (count, 2)).clip(-0.6, 0.9)
    history = np.round(
        first[:, None] * np.cumprod(np.column_stack([np.ones(count), growth]), axis=1),
        -1,
    )
    years = rng.choice([1, 2, 3], count, p=[0.08, 0.12, 0.8])
    missing = (np.arange(3)[None, :] < (3 - years)[:, None]) | ~customer[:, None]
    return np.where(missing, np.nan, history)


def draw_families(rng: np.random.Generator, patch: Indices, order: Indices) -> Indices:
    """The parent of each account or -1: some accounts have one to three children, near them in the same patch."""
    count = len(patch)
    position = np.arange(count)
    starts = rng.random(count) < 0.03
    size = rng.integers(1, MAX_CHILDREN + 1, count)
    last_start = np.maximum.accumulate(np.where(starts, position, -1))
    sorted_patch = patch[order]
    child = (last_start >= 0) & ~starts & (position - last_start <= size[last_start])
    child &= sorted_patch == sorted_patch[last_start]
    parent = np.full(count, -1, np.int64)
    parent[order[child]] = order[last_start[child]]
    return parent
