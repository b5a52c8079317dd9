"""The team of a generated book: reps with home patches, hires with ramps, open positions and the org chart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.market import Indices

ROLES = ("account_executive", "sales_engineer")
STATUSES = ("active", "hired", "open")
RAMP = (0.0, 0.2, 0.5, 0.65, 0.85, 1.0)
TEAM_SIZE = 7
TEAMS_PER_DIRECTOR = 8
WINDOW = 3
"""Neighbouring patches that an account executive covers, where the number of pairs allows."""


@dataclass(frozen=True, eq=False)
class Team:
    """One entry per rep, pool after pool: first the account executives, then the sales engineers."""

    role: Indices
    home: Indices
    """Home patch."""
    first: Indices
    """The rep covers the patches `first <= patch < last`."""
    last: Indices
    status: Indices
    """Index into `STATUSES`."""
    start_month: Floats
    """Months from the start of the horizon to the first day; NaN: long ago."""
    productive: Floats
    """Share of a fully productive rep's hours over the horizon."""
    team: Indices

    @property
    def count(self) -> int:
        return len(self.role)

    @property
    def established(self) -> Bools:
        """Reps who can hold a book today."""
        return np.asarray(self.status == 0, np.bool_)

    def covers(self, patches: int) -> Bools:
        """(reps, patches): who covers what."""
        patch = np.arange(patches)[None, :]
        return np.asarray((patch >= self.first[:, None]) & (patch < self.last[:, None]), np.bool_)


def pool_sizes(reps: int, roles: int, engineer_hours: float) -> list[int]:
    """Reps per role, split as the hours are; at least one each."""
    if roles == 1:
        return [reps]
    engineers = min(max(1, round(reps * engineer_hours / (1 + engineer_hours))), reps - 1)
    return [reps - engineers, engineers]


def patch_count(reps: int, pairs: int, accounts: int) -> int:
    """How many patches give about `pairs` reps per account when each rep covers `min(WINDOW, pairs)` of them."""
    if pairs >= reps:
        return min(reps, accounts)
    return max(1, min(round(min(WINDOW, pairs) * reps / pairs), accounts))


def draw_team(rng: np.random.Generator, pools: list[int], patches: int, pairs: int, months: int) -> Team:
    """Reps of each pool, spread evenly over the patches."""
    role = np.repeat(np.arange(len(pools)), pools)
    windows = [_windows(size, patches, pairs) for size in pools]
    home, first, last = (np.concatenate(part) for part in zip(*windows, strict=True))
    status, start = _hires(rng, pools, months)
    teams = max(1, round(len(role) / TEAM_SIZE))
    by_home = np.argsort(home, kind="stable")
    team = np.empty(len(role), np.int64)
    team[by_home] = np.arange(len(role)) * teams // len(role)
    return Team(role, home, first, last, status, start, _productive(start, months), team)


def _windows(size: int, patches: int, pairs: int) -> tuple[Indices, Indices, Indices]:
    """Home, first and last patch per rep: wide enough for `pairs` reps per patch, and no patch left out."""
    width = min(max(round(pairs * patches / size), -(-patches // size), 1), patches)
    home = ((np.arange(size) + 0.5) * patches / size).astype(np.int64)
    first = (home - (width - 1) // 2).clip(0, patches - width)
    first[0] = 0
    last = first + width
    last[-1] = patches
    return home, first, last


def _hires(rng: np.random.Generator, pools: list[int], months: int) -> tuple[Indices, Floats]:
    """Status and start month: about one rep in sixteen is hired, one in 32 open, one in 16 still ramping."""
    status: list[Indices] = []
    start: list[Floats] = []
    for size in pools:
        state = np.zeros(size, np.int64)
        month = np.full(size, np.nan)
        hired, opened, ramping = (
            size // 16 + (6 <= size < 16),
            size // 32 + (12 <= size < 32),
            size // 16,
        )
        chosen = rng.permutation(size)[: hired + opened + ramping]
        late = max(months // 3, 1)
        state[chosen[:hired]] = 1
        month[chosen[:hired]] = rng.integers(0, late, hired)
        state[chosen[hired : hired + opened]] = 2
        month[chosen[hired : hired + opened]] = rng.integers(late - 1, late + 1, opened).clip(0, max(months - 1, 0))
        month[chosen[hired + opened :]] = -rng.integers(1, 4, ramping)
        status.append(state)
        start.append(month)
    return np.concatenate(status), np.concatenate(start)


def _productive(start: Floats, months: int) -> Floats:
    """Mean monthly productivity over the horizon: 0 before the start, then the ramp, then 1."""
    age = np.arange(months)[None, :] - np.nan_to_num(start, nan=-1e6)[:, None]
    ramp = np.array([*RAMP, 1.0])
    return np.asarray(np.where(age < 0, 0.0, ramp[age.clip(0, len(RAMP)).astype(np.int64)]).mean(axis=1))
