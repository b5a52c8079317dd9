"""The problem: the facts of one assignment, without wishes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, TypeVar

from pydantic import FailFast, Field

from coverplan.payload.base import Document, Hours, Id, Money, Name, Share, SignedMoney
from coverplan.payload.market import (
    DEFAULT_ROLE,
    DEFAULT_SEGMENT,
    Account,
    Current,
    Horizon,
    Location,
    RoleNeed,
    Segment,
    Territory,
)

__all__ = [
    "DEFAULT_ROLE",
    "DEFAULT_SEGMENT",
    "Account",
    "Current",
    "Fit",
    "Horizon",
    "Location",
    "Manager",
    "Pair",
    "Problem",
    "Rep",
    "RoleNeed",
    "Segment",
    "Territory",
]


Item = TypeVar("Item")
FirstFault = Annotated[list[Item], FailFast()]
"""A list that gives up at its first wrong item; `reading` looks for the others, in chunks."""


class Rep(Document):
    """A seller's position: active, hired with a future start date, or open (to be hired)."""

    id: Id = Field(description="Identifier, unique among the reps.", examples=["r1"])
    name: Name | None = Field(default=None, description="Name to show; null: the id.", examples=["Ana"])
    email: Name | None = Field(
        default=None, description="Where letters go; never used to decide.", examples=["ana@example.com"]
    )
    role: Id = Field(
        default=DEFAULT_ROLE, description="The one role whose seats the rep can fill.", examples=["sales_engineer"]
    )
    manager_id: Id | None = Field(
        default=None,
        description="Id of the direct manager, whose reps are a team; null: a team of one.",
        examples=["m1"],
    )
    pod: Id | None = Field(
        default=None,
        description="Label of the pod that works together across roles; null: the manager's.",
        examples=["pod-7"],
    )
    territory_ids: list[Id] = Field(
        default_factory=list,
        max_length=10000,
        description="Territories covered, each with its subtree; empty: everywhere.",
        examples=[["west"]],
    )
    segments: list[Id] = Field(
        default_factory=list,
        max_length=1000,
        description="Ids of the segments covered; empty: all.",
        examples=[["enterprise"]],
    )
    skills: list[Id] = Field(
        default_factory=list, max_length=1000, description="Skills that accounts may require.", examples=[["health"]]
    )
    location: Location | None = Field(
        default=None,
        description="Where the rep works from; null: no distance is known.",
        examples=[{"lat": 45.52, "lon": -122.68}],
    )
    status: Literal["active", "hired", "open"] = Field(
        default="active",
        description="In the seat, hired with a start date to come, or still to be hired.",
        examples=["hired"],
    )
    start_date: dt.date | None = Field(
        default=None,
        description="First day of work, ISO 8601. Null: long ago if active, else the first day of the horizon. Until "
        "then, today's rep of an account that the rep takes over holds it, on that rep's days of work.",
        examples=["2027-04-01"],
    )
    end_date: dt.date | None = Field(
        default=None, description="Last day of work, ISO 8601; null: none known.", examples=["2027-09-30"]
    )
    ramp: list[Share] | None = Field(
        default=None,
        max_length=120,
        description="Productivity in each month after the start, 0 to 1; afterwards 1. It lowers the capacity only. "
        "Null: fully productive from the start.",
        examples=[[0, 0.2, 0.5, 0.65, 0.85, 1]],
    )
    capacity_hours: Hours | None = Field(
        default=None,
        description="Hours of the fully ramped rep over the horizon; start, end and ramp are applied to it. "
        "Null: no capacity limit, and an equal fair share.",
        examples=[1500],
    )
    quota: Money | None = Field(default=None, description="Revenue that the rep is held to.", examples=[900000])
    cost: Money | None = Field(
        default=None, description="What the rep costs over the horizon; used by targets only.", examples=[180000]
    )


class Manager(Document):
    """A node of the org chart above the reps."""

    id: Id = Field(description="Identifier that reps and managers name.", examples=["m1"])
    name: Name | None = Field(default=None, description="Name to show; null: the id.", examples=["Mia"])
    manager_id: Id | None = Field(default=None, description="Id of the manager above; null: the top.", examples=["m0"])


class Fit(Document):
    """How well a rep suits an account, a segment or an industry, exactly one of the three: a factor on the value."""

    rep_id: Id = Field(description="Id of the rep.", examples=["r1"])
    account_id: Id | None = Field(default=None, description="Id of the account that it holds for.", examples=["a1"])
    segment: Id | None = Field(
        default=None, description="Id of the segment that it holds for.", examples=["enterprise"]
    )
    industry: Id | None = Field(default=None, description="Industry that it holds for.", examples=["health"])
    multiplier: float = Field(
        ge=0, le=1000, description="Factor, without unit; several that match are multiplied.", examples=[1.1]
    )


class Pair(Document):
    """The caller's own numbers for one account and one rep; the seat is the one of the rep's role."""

    account_id: Id = Field(description="Id of the account.", examples=["a1"])
    rep_id: Id = Field(description="Id of the rep.", examples=["r1"])
    value: SignedMoney | None = Field(
        default=None,
        description="Replaces the computed value of the pair; may be negative. An account with such an entry is "
        "closed to reps without an entry for it. Null: computed.",
        examples=[-17],
    )
    hours: Hours | None = Field(
        default=None, description="Hours that the account takes of this rep; null: the seat's.", examples=[3.0]
    )
    eligible: bool | None = Field(
        default=None,
        description="True admits the pair, false excludes it, null leaves it to the rules.",
        examples=[True],
    )


class Problem(Document):
    """Horizon, territories, reps, accounts and coverage model: the facts, without wishes.

    Amounts are in one currency over the horizon (histories: per year), hours over the horizon, distances in km.
    """

    horizon: Horizon = Field(
        default_factory=Horizon,
        description="First day and length of the time that is planned.",
        examples=[{"start": "2027-01-01", "months": 12}],
    )
    currency: Id = Field(default="USD", description="Label of all amounts; nothing is converted.", examples=["EUR"])
    segments: FirstFault[Segment] = Field(
        default_factory=list,
        max_length=10000,
        description="The coverage model. Accounts without a segment belong to `default`, "
        "which exists also when it is not given.",
        examples=[[{"id": "enterprise", "roles": [{"role": "account_executive", "hours": 120}]}]],
    )
    territories: FirstFault[Territory] = Field(
        default_factory=list, description="The territory tree.", examples=[[{"id": "west", "name": "West"}]]
    )
    reps: FirstFault[Rep] = Field(
        description="The reps to assign to.", examples=[[{"id": "r1", "capacity_hours": 1500}]]
    )
    managers: FirstFault[Manager] = Field(
        default_factory=list, description="The org chart above the reps.", examples=[[{"id": "m1", "name": "Mia"}]]
    )
    accounts: FirstFault[Account] = Field(
        description="The accounts to cover.", examples=[[{"id": "a1", "potential": 50000}]]
    )
    fit: FirstFault[Fit] = Field(
        default_factory=list,
        description="Multipliers on the value, default 1.",
        examples=[[{"rep_id": "r1", "industry": "health", "multiplier": 1.1}]],
    )
    pairs: FirstFault[Pair] = Field(
        default_factory=list,
        description="Explicit numbers per account and rep, for callers who bring their own.",
        examples=[[{"account_id": "a1", "rep_id": "r1", "value": 1.0, "hours": 3.0, "eligible": True}]],
    )
