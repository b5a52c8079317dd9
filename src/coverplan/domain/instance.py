"""The instance: a problem's facts as flat columns, ids mapped to integers once.

Optional numbers are NaN, optional references -1, optional dates NaT. Lists of references are ragged columns.
Nothing here is derived: revenue, seats and pairs are computed from these columns by the other modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]
"""datetime64[D]."""
Texts = npt.NDArray[Any]
"""numpy's variable-width text: flat, 16 bytes and what does not fit into them; indexing gives `str`."""

ACTIVE, HIRED, OPEN = 0, 1, 2
"""Rep status codes."""


def texts(values: Iterable[str]) -> Texts:
    """Text as a flat column."""
    return np.array(list(values), np.dtypes.StringDType())


@dataclass(frozen=True, eq=False)
class Ragged:
    """Lists of different lengths: list i is `values[start[i]:start[i + 1]]`."""

    start: npt.NDArray[np.int64]
    values: npt.NDArray[np.generic]

    @classmethod
    def of(cls, lists: list[list[int]]) -> Self:
        """Integer lists, one per owner."""
        lengths = np.fromiter((len(item) for item in lists), np.int64, len(lists))
        flat = [value for item in lists for value in item]
        return cls(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), np.asarray(flat, np.int32))

    @classmethod
    def of_floats(cls, lists: list[list[float]]) -> Self:
        """Float lists, one per owner."""
        ragged = cls.of([[0] * len(item) for item in lists])
        return cls(ragged.start, np.asarray([value for item in lists for value in item], np.float64))

    @property
    def owners(self) -> npt.NDArray[np.int64]:
        """The owner of each value, in the order of `values`."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return np.diff(self.start)

    def matrix(self, width: int) -> Bools:
        """Membership as a dense boolean matrix, owners x width."""
        dense = np.zeros((len(self.start) - 1, width), np.bool_)
        dense[self.owners, self.values.astype(np.int64)] = True
        return dense


@dataclass(frozen=True, eq=False)
class Segments:
    """The coverage model: one entry per segment, roles ragged and in the caller's order (the first is the primary)."""

    ids: tuple[str, ...]
    roles: Ragged
    """Role codes, index into `Instance.roles`."""
    role_hours: Floats
    """Hours per horizon of each entry of `roles.values`; likewise the next two."""
    role_share: Floats
    """Share of the account's revenue; sums to 1 within a segment."""
    role_weight: Floats
    """Relationship weight."""
    cycle_days: Floats
    conversion: Floats
    self_serve_share: Floats
    relationship_loss: Floats
    """NaN: the published rates apply."""


@dataclass(frozen=True, eq=False)
class Territories:
    """The territory tree."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    parent: Ints
    revenue_target: Floats


@dataclass(frozen=True, eq=False)
class Managers:
    """The org chart above the reps."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    manager: Ints


@dataclass(frozen=True, eq=False)
class Reps:
    """One entry per rep."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    role: Ints
    manager: Ints
    pod: Ints
    """Index into `Instance.pods`; never -1: a rep without a pod or manager has a pod of its own."""
    territories: Ragged
    segments: Ragged
    skills: Ragged
    lat: Floats
    lon: Floats
    status: npt.NDArray[np.int8]
    start_date: Dates
    end_date: Dates
    ramp: Ragged
    """Monthly productivity (floats); empty: fully productive from the start."""
    capacity_hours: Floats
    quota: Floats
    cost: Floats


@dataclass(frozen=True, eq=False)
class Accounts:
    """One entry per account."""

    ids: Texts
    names: Texts
    parent: Ints
    territory: Ints
    segment: Ints
    industry: Ints
    customer: Bools
    history: Floats
    """Revenue of the last three years, newest first, (accounts, 3), NaN where shorter."""
    last_year_months: Floats
    """Months that the newest of these years covers, 1 to 12."""
    expected_revenue: Floats
    potential: Floats
    hours: Floats
    strength: Floats
    open_opportunity: Bools
    locked: Bools
    lat: Floats
    lon: Floats
    skills: Ragged
    tags: Ragged


@dataclass(frozen=True, eq=False)
class Current:
    """Who covers what today: one entry per account and role."""

    account: Ints
    role: Ints
    rep: Ints
    """-1: covered by somebody who is not among the reps."""
    rep_ids: Texts
    """The id as given, also of a rep who left."""
    since: Dates


@dataclass(frozen=True, eq=False)
class Fit:
    """Multipliers; each entry names exactly one of account, segment and industry (the others -1)."""

    rep: Ints
    account: Ints
    segment: Ints
    industry: Ints
    multiplier: Floats


@dataclass(frozen=True, eq=False)
class ExplicitPairs:
    """The caller's own numbers for (account, rep)."""

    account: Ints
    rep: Ints
    value: Floats
    hours: Floats
    eligible: npt.NDArray[np.int8]
    """-1: the rules decide; 0: excluded; 1: admitted."""


@dataclass(frozen=True, eq=False)
class Instance:
    """All facts of one problem."""

    start: np.datetime64
    months: int
    currency: str
    roles: tuple[str, ...]
    industries: tuple[str, ...]
    skills: tuple[str, ...]
    tags: tuple[str, ...]
    pods: tuple[str, ...]
    segments: Segments
    territories: Territories
    managers: Managers
    reps: Reps
    accounts: Accounts
    current: Current
    fit: Fit
    pairs: ExplicitPairs

    @property
    def n_accounts(self) -> int:
        return len(self.accounts.ids)

    @property
    def n_reps(self) -> int:
        return len(self.reps.ids)
