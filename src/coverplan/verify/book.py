"""The facts of a problem as plain objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coverplan.verify.months import Horizon

Document = dict[str, Any]
Point = tuple[float, float]


def given(document: Document, key: str, default: Any) -> Any:
    """The field, or the default where it is absent or null."""
    value = document.get(key)
    return default if value is None else value


@dataclass(frozen=True)
class Role:
    """What one role needs and carries in a segment."""

    name: str
    hours: float
    revenue_share: float
    relationship_weight: float


@dataclass(frozen=True)
class Segment:
    """One entry of the coverage model."""

    id: str
    roles: tuple[Role, ...]
    cycle_days: float
    conversion: float
    self_serve_share: float
    relationship_loss: float | None


@dataclass(frozen=True)
class Rep:
    """A rep; `start` and `end` are month indices, `capacity` is ramped."""

    index: int
    id: str
    role: str
    manager: str | None
    pod: tuple[str, str]
    territories: frozenset[str]
    segments: frozenset[str]
    skills: frozenset[str]
    location: Point | None
    status: str
    first_day: str | None
    start: float
    end: float
    newcomer: bool
    active: float
    capacity: float | None
    quota: float | None

    @property
    def team(self) -> str:
        """Scope of the rep's team; one without a manager is a team of its own."""
        return f"rep:{self.id}" if self.manager is None else f"team:{self.manager}"


@dataclass(frozen=True, slots=True)
class Account:
    """An account; amounts are over the horizon. Its seats are numbered from `first_seat`, in the order of its roles."""

    index: int
    first_seat: int
    id: str
    parent: str | None
    territory: str | None
    segment: Segment
    industry: str | None
    kind: str
    existing: float
    new: float
    potential: float
    loss_base: float
    current: tuple[tuple[str, str, str | None], ...]
    open_opportunity: bool
    locked: bool
    skills: frozenset[str]
    location: Point | None
    tags: frozenset[str]

    @property
    def revenue(self) -> float:
        """Base revenue."""
        return self.existing + self.new


@dataclass(frozen=True, slots=True)
class Seat:
    """One account's need for one role. `current` is a rep's id, also of one who left."""

    index: int
    account: Account
    role: Role
    primary: bool
    hours: float
    current: str | None

    @property
    def self_served(self) -> float:
        """What the seat brings while nobody covers it."""
        return self.role.revenue_share * self.account.existing * self.account.segment.self_serve_share

    @property
    def name(self) -> str:
        """How sentences name it."""
        return f"account {self.account.id!r}, role {self.role.name!r}"


@dataclass
class Book:
    """All facts of one problem."""

    horizon: Horizon
    territory_parents: dict[str, str | None]
    territory_targets: dict[str, float | None]
    reps: list[Rep]
    accounts: list[Account]
    seats: list[Seat] = field(default_factory=list)
    fits: list[Document] = field(default_factory=list)
    pairs: Iterable[Document] = ()

    def __post_init__(self) -> None:
        self.rep_index = {rep.id: rep.index for rep in self.reps}
        self.account_index = {account.id: account.index for account in self.accounts}
        self._lineages: dict[str | None, tuple[str, ...]] = {None: ()}

    def seat_of(self, account: str, role: str) -> int | None:
        """Number of the seat of an account for a role."""
        place = self.account_index.get(account)
        if place is None:
            return None
        found = self.accounts[place]
        for offset, need in enumerate(found.segment.roles):
            if need.name == role:
                return found.first_seat + offset
        return None

    def lineage(self, territory: str | None) -> tuple[str, ...]:
        """The territory and all above it, nearest first."""
        if territory not in self._lineages:
            line: list[str] = []
            step = territory
            while step is not None and step not in line:
                line.append(step)
                step = self.territory_parents.get(step)
            self._lineages[territory] = tuple(line)
        return self._lineages[territory]

    def within(self, territory: str | None, area: str) -> bool:
        """Whether a territory lies in the subtree of another."""
        return area in self.lineage(territory)
