"""What an experiment proves: intervals under the reference objective, each two policies, and the best one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.rollups import MONEY

Basis = Literal["hard_rules", "own_objective"]
_ADDED = "null where problems have several currencies, which are never added."


class Difference(Document):
    """Mean of paired differences over the problems, the seeds of each averaged, with its confidence interval."""

    difference: float = Field(description="Mean over the problems.", examples=[12000.0])
    low: float | None = Field(
        default=None, description="Lower end at 95 %; null: fewer than three problems.", examples=[8000.0]
    )
    high: float | None = Field(default=None, description="Upper end.", examples=[16000.0])
    pairs: int = Field(
        description="Problems on which both have a value. Seeds are no problems: they are averaged in each.",
        examples=[9],
    )
    method: Literal["t", "bootstrap"] | None = Field(
        default=None,
        description="Where the interval comes from: Student's t below eight problems; from eight on the bootstrap "
        "(BCa), at least as wide as t; null: there is none. Of strongly skewed differences (log-normal) 3 to 20 "
        "problems hold the mean in 80 to 90 % of the intervals instead of 95 %.",
        examples=["bootstrap"],
    )


class CurrencyInterval(Document):
    """An interval summed over the problems of one currency."""

    currency: str = Field(description="The currency.", examples=["USD"])
    low: float | None = Field(
        default=None,
        description="What its plans are worth; null: some problem has no plan.",
        examples=[1250000.0],
        json_schema_extra=MONEY,
    )
    high: float | None = Field(
        default=None,
        description="What no plan that keeps its hard rules exceeds; null: not proven.",
        examples=[1250500.0],
        json_schema_extra=MONEY,
    )


class PolicyInterval(Document):
    """Where the best that a policy admits lies under the reference objective, summed over the problems."""

    policy_id: str = Field(description="The policy.", examples=["gentle"])
    low: float | None = Field(
        default=None,
        description=f"What its plans are worth; null: some problem has no plan. Also {_ADDED}",
        examples=[1250000.0],
        json_schema_extra=MONEY,
    )
    high: float | None = Field(
        default=None,
        description=f"What no plan that keeps its hard rules exceeds; null: not proven. Also {_ADDED}",
        examples=[1250500.0],
        json_schema_extra=MONEY,
    )
    own_least: float | None = Field(
        default=None,
        description="Its own objective holds some plans at least as good as those found, its optimal ones among them: "
        f"what any of these is worth by the reference, at the least; null: not proven. Also {_ADDED}",
        examples=[1249000.0],
        json_schema_extra=MONEY,
    )
    own_most: float | None = Field(
        default=None,
        description=f"The same at the most; null: not proven. Also {_ADDED}",
        examples=[1250100.0],
        json_schema_extra=MONEY,
    )
    infeasible: bool = Field(default=False, description="Whether it is proven that some problem has no plan.")
    by_currency: list[CurrencyInterval] = Field(
        default_factory=list,
        description="The same currency by currency, where there are several; empty: there is one.",
        examples=[[]],
    )


class CurrencyPair(Document):
    """Two policies on the problems of one currency."""

    currency: str = Field(description="The currency.", examples=["USD"])
    outcome: Literal["a", "b", "same", "inconclusive"] = Field(
        description="Who is better on these problems.", examples=["a"]
    )
    low: float | None = Field(
        default=None,
        description="The least that a can be better than b; null: not proven.",
        examples=[-800.0],
        json_schema_extra=MONEY,
    )
    high: float | None = Field(
        default=None,
        description="The most that a can be better than b; null: not proven.",
        examples=[1200.0],
        json_schema_extra=MONEY,
    )
    difference: Difference | None = Field(
        default=None, description="Reference objectives of their plans, paired.", examples=[None]
    )


class PairVerdict(Document):
    """Two policies by the reference objective."""

    a: str = Field(description="One policy.", examples=["gentle"])
    b: str = Field(description="The other.", examples=["hard"])
    outcome: Literal["a", "b", "same", "inconclusive"] = Field(
        description="Who is better on each problem, or in sum over the problems beyond chance, and that in each "
        "currency; `same`: the same policy. A policy that is proven to have no plan on some problem is worse than one "
        "that has a plan on each.",
        examples=["inconclusive"],
    )
    by: Basis | None = Field(
        default=None,
        description="What decides. `hard_rules`: its plans beat every plan that the other's hard rules admit. "
        "`own_objective`: the plans that its own objective holds at least as good as those found beat all that the "
        "other's own objective does. Null: inconclusive, or the same.",
        examples=["hard_rules"],
    )
    low: float | None = Field(
        default=None,
        description=f"The least that a can be better than b; null: not proven. Also {_ADDED}",
        examples=[-800.0],
        json_schema_extra=MONEY,
    )
    high: float | None = Field(
        default=None,
        description=f"The most that a can be better than b; null: not proven. Also {_ADDED}",
        examples=[1200.0],
        json_schema_extra=MONEY,
    )
    own_low: float | None = Field(
        default=None,
        description="The least that a is better than b, whichever plans their own objectives take; null: not proven. "
        f"Also {_ADDED}",
        examples=[300.0],
        json_schema_extra=MONEY,
    )
    own_high: float | None = Field(
        default=None, description="The most, likewise.", examples=[900.0], json_schema_extra=MONEY
    )
    difference: Difference | None = Field(
        default=None,
        description=f"Reference objectives of their plans, paired; null: no problem has both. Also {_ADDED}",
        examples=[None],
    )
    by_currency: list[CurrencyPair] = Field(
        default_factory=list,
        description="Currency by currency, where there are several; empty: there is one.",
        examples=[[]],
    )


class Verdict(Document):
    """Which policy is best by the reference objective, where that is proven."""

    outcome: Literal["decided", "inconclusive"] = Field(
        description="`decided`: one policy beats each other one.", examples=["inconclusive"]
    )
    winner: str | None = Field(default=None, description="That policy; null: inconclusive.", examples=[None])
    why: str = Field(
        description="In a few sentences: what decides, or what keeps it open and whether a longer time limit can help.",
        examples=["The intervals of gentle and hard overlap."],
    )
    intervals: list[PolicyInterval] = Field(description="One per policy.", examples=[[]])
    by_pair: list[PairVerdict] = Field(description="Each two policies; the first 5,000.", examples=[[]])
