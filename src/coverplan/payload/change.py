"""A plan against today's assignment: revenue and penalties apart, and what moves so much of the revenue."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from coverplan.payload.base import Document

UPHEAVAL_FROM = 0.2
"""Share of the revenue that may leave its reps before a plan says so first."""


class Term(Document):
    """One term of the objective, in money: revenue is positive, losses, costs and penalties negative or 0."""

    term: Literal["expected_revenue", "relationship_loss", "travel_cost", "penalty"] = Field(
        description="Which term.", examples=["penalty"]
    )
    constraint: str | None = Field(
        default=None, description="Id of the soft constraint that a penalty belongs to.", examples=["balance"]
    )
    value: float = Field(description="Its contribution.", examples=[-5000.0], json_schema_extra={"unit": "currency"})


class AgainstToday(Document):
    """The plan against today's assignment under the same policy: revenue won or lost, and penalties saved.

    Today each seat is with the rep who holds it, admissible or not; seats of reps who left are uncovered.
    """

    revenue: float = Field(
        description="Expected revenue less relationship losses and travel costs, as weighted by the objective: the "
        "plan's less today's. Negative: the plan brings less.",
        examples=[-3650000.0],
        json_schema_extra={"unit": "currency"},
    )
    penalties_saved: float = Field(
        description="Penalties of soft rules: today's less the plan's. They are prices of wishes, not revenue.",
        examples=[95950000.0],
        json_schema_extra={"unit": "currency"},
    )
    terms: list[Term] = Field(
        description="Each term of the plan's objective less today's; they sum to `revenue` and `penalties_saved`.",
        examples=[[{"term": "penalty", "constraint": "balance", "value": 95950000.0}]],
    )
    objective: float = Field(
        description="Objective of today's assignment under the policy.",
        examples=[1140000.0],
        json_schema_extra={"unit": "currency"},
    )
    broken: list[str] = Field(
        description="Ids of the hard rules that today's assignment breaks; empty: it keeps all of them.",
        examples=[["capacity"]],
    )
    inadmissible: int = Field(
        description="Seats whose rep of today may not serve them, by role, territory, skills, dates or distance.",
        examples=[0],
    )


class Upheaval(Document):
    """Why a plan moves more than a fifth of the revenue, and which rule would prevent it."""

    moved_revenue: float = Field(
        description="Revenue that leaves reps who could stay, as in the summary.",
        examples=[48000000.0],
        json_schema_extra={"unit": "currency"},
    )
    moved_revenue_share: float = Field(
        description="The same as a share.", examples=[0.41], json_schema_extra={"unit": "share, 0 to 1"}
    )
    hard_rules: list[str] = Field(
        description="Ids of the hard rules that today's assignment breaks, which moves must mend.", examples=[[]]
    )
    buys: list[Term] = Field(
        description="What the moves buy: the terms of the objective that are better than today's, the most first.",
        examples=[[{"term": "penalty", "constraint": "balance", "value": 95950000.0}]],
    )
    prevented_by: dict[str, Any] | None = Field(
        default=None,
        description="A rule that keeps the revenue with its reps as far as the hard rules admit; null: one like it is "
        "in force, and what moves does so for the hard rules.",
        examples=[{"kind": "keep_current", "max_moved_revenue_share": 0.1, "penalty": 10.0}],
    )
    message: str = Field(
        description="The same in words.", examples=["41.0 % of the revenue moves although its reps could stay..."]
    )
