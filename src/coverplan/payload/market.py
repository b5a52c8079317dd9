"""The market's side of a problem: horizon, coverage model, territories and accounts."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from coverplan.payload.base import Document, Hours, Id, Money, Name, Share, YearlyMoney

DEFAULT_ROLE = "account_executive"
DEFAULT_SEGMENT = "default"
DEFAULT_START = dt.date(2027, 1, 1)


class Horizon(Document):
    """The months that the plan is for."""

    start: dt.date = Field(
        default=DEFAULT_START, description="First day of the horizon, ISO 8601.", examples=["2027-01-01", "2026-07-01"]
    )
    months: int = Field(
        default=12,
        ge=1,
        le=120,
        description="Length of the horizon.",
        examples=[12, 3],
        json_schema_extra={"unit": "months"},
    )


class Location(Document):
    """A point on the globe, WGS 84."""

    lat: float = Field(
        ge=-90, le=90, description="Latitude.", examples=[47.61], json_schema_extra={"unit": "degrees north"}
    )
    lon: float = Field(
        ge=-180, le=180, description="Longitude.", examples=[-122.33], json_schema_extra={"unit": "degrees east"}
    )


class RoleNeed(Document):
    """One role that a segment's accounts need: each account then has one seat for it."""

    role: Id = Field(
        default=DEFAULT_ROLE,
        description="The role; reps with the same role can fill the seat.",
        examples=["sales_engineer"],
    )
    hours: Hours = Field(
        default=1.0, description="Hours that one account takes of the rep over the horizon.", examples=[120]
    )
    revenue_share: Share | None = Field(
        default=None,
        description="Share of the account's revenue that this role carries. Give it for all roles of a segment, "
        "summing to 1, or for none: then each role carries its share of the hours.",
        examples=[0.75],
    )
    relationship_weight: Annotated[float, Field(ge=0, le=1000)] | None = Field(
        default=None,
        description="Weight of this role in the relationship loss, without unit. "
        "Null: 1 for the segment's first role, 0 for the others.",
        examples=[1.0],
    )


class Segment(Document):
    """One entry of the coverage model: who is involved with such accounts, and what it costs."""

    id: Id = Field(description="Identifier that `account.segment` names.", examples=["enterprise"])
    roles: list[RoleNeed] = Field(
        default_factory=lambda: [RoleNeed()],
        min_length=1,
        max_length=50,
        description="Roles that each account of the segment needs, the primary role first. "
        "Default: one account executive for 1 hour.",
        examples=[[{"role": "account_executive", "hours": 120}, {"role": "sales_engineer", "hours": 40}]],
    )
    cycle_days: float = Field(
        default=0.0,
        ge=0,
        le=36500,
        description="Sales cycle: new business comes in only that long after a rep starts.",
        examples=[120],
        json_schema_extra={"unit": "days"},
    )
    conversion: Share = Field(
        default=1.0, description="Share of the potential that is expected to be won.", examples=[0.3]
    )
    self_serve_share: Share = Field(
        default=0.0,
        description="Share of the existing revenue that still comes in while nobody covers it.",
        examples=[0.4],
    )
    relationship_loss: Share | None = Field(
        default=None,
        description="Share of the account's expected existing revenue that is lost when the rep changes. "
        "Null: the published rates, 0.13 to 0.18.",
        examples=[0.15],
    )


class Territory(Document):
    """A part of the market; territories form a tree."""

    id: Id = Field(description="Identifier that accounts and reps name.", examples=["west"])
    name: Name | None = Field(default=None, description="Name to show; null: the id.", examples=["West"])
    parent_id: Id | None = Field(default=None, description="Id of the territory above; null: a root.", examples=["us"])
    revenue_target: Money | None = Field(
        default=None,
        description="Expected revenue that the territory should bring over the horizon.",
        examples=[2500000],
    )


class Current(Document):
    """Who covers one seat of an account today."""

    role: Id | None = Field(
        default=None, description="Role of the seat; null: the segment's first role.", examples=["account_executive"]
    )
    rep_id: Id = Field(
        description="Id of the rep who covers it. A rep who is not in `reps` has left: the move is forced.",
        examples=["r1"],
    )
    since: dt.date | None = Field(
        default=None, description="Start of the relationship, ISO 8601.", examples=["2023-05-01"]
    )


class Account(Document):
    """A customer or prospect."""

    id: Id = Field(description="Identifier, unique among the accounts.", examples=["a1"])
    name: Name | None = Field(default=None, description="Name to show; null: the id.", examples=["Acme"])
    parent_id: Id | None = Field(default=None, description="Id of the parent account.", examples=["a0"])
    territory_id: Id | None = Field(default=None, description="Territory it lies in; null: none.", examples=["west"])
    segment: Id = Field(
        default=DEFAULT_SEGMENT, description="Id of its segment in the coverage model.", examples=["enterprise"]
    )
    industry: Id | None = Field(default=None, description="Industry label.", examples=["health"])
    kind: Literal["customer", "prospect"] = Field(
        default="customer",
        description="A prospect has no existing revenue and no relationship to lose.",
        examples=["prospect"],
    )
    revenue_history: list[YearlyMoney] = Field(
        default_factory=list,
        max_length=100,
        description="Revenue per year, oldest first; the last three years count. Where the last year is not over, "
        "or began when the customer came, say so in `last_year_months`.",
        examples=[[90000, 110000, 130000]],
    )
    last_year_months: float = Field(
        default=12.0,
        ge=1,
        le=12,
        description="Months that the last year of `revenue_history` covers. 9: its revenue so far counts as 12 / 9 of "
        "itself, with 9 / 12 of the weight of a whole year.",
        examples=[9, 12],
        json_schema_extra={"unit": "months"},
    )
    expected_revenue: Money | None = Field(
        default=None,
        description="Existing revenue expected over the horizon; overrides what the history says. Null: the history.",
        examples=[125000],
    )
    potential: Money = Field(
        default=0.0, description="New business to win over the horizon, beyond the existing revenue.", examples=[50000]
    )
    hours: Hours | None = Field(
        default=None, description="Hours of its first role; null: the segment's.", examples=[80]
    )
    current: list[Current] = Field(
        default_factory=list,
        max_length=50,
        description="Who covers it today, at most one rep per role.",
        examples=[[{"role": "account_executive", "rep_id": "r1", "since": "2023-05-01"}]],
    )
    relationship_strength: float = Field(
        default=1.0,
        ge=0,
        le=1000,
        description="Factor on the relationship loss, without unit; 1 is an average relationship.",
        examples=[1.5],
    )
    open_opportunity: bool = Field(default=False, description="Whether a deal is being negotiated.", examples=[True])
    locked: bool = Field(default=False, description="Whether its current reps must stay.", examples=[True])
    required_skills: list[Id] = Field(
        default_factory=list, max_length=200, description="Skills that its reps must all have.", examples=[["health"]]
    )
    location: Location | None = Field(
        default=None, description="Where it is; null: no distance is known.", examples=[{"lat": 47.61, "lon": -122.33}]
    )
    tags: list[Id] = Field(
        default_factory=list, max_length=200, description="Labels that policies can name.", examples=[["launch-x"]]
    )
