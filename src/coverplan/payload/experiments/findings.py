"""What the deeper questions of an experiment found: frontier, churn, prices of rules, stability."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.experiments.parts import FrontierRequest
from coverplan.payload.plan import SolutionStatus
from coverplan.payload.rollups import MONEY, SHARE

_MATRIX = [[0.0, 3.0], [3.0, 0.0]]


class FrontierPoint(Document):
    """The best within given bounds, as far as it is proven."""

    bounds: list[float] = Field(description="Bound on each axis.", examples=[[0.1]])
    objective: float | None = Field(
        default=None,
        description="What is made best, losses negative; null: no plan.",
        examples=[1250000.0],
        json_schema_extra=MONEY,
    )
    dual_bound: float | None = Field(
        default=None, description="What it cannot exceed; null: not proven.", examples=[1250500.0]
    )
    gap: float | None = Field(default=None, description="(dual_bound - objective) / |objective|.", examples=[0.0004])
    run_id: str | None = Field(default=None, description="Its run.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"])
    seconds: float | None = Field(
        default=None, description="From its start to its end.", examples=[4.2], json_schema_extra={"unit": "seconds"}
    )
    status: Literal["efficient", "dominated", "inconclusive", "infeasible"] = Field(
        description="`dominated`: a point with tighter bounds is worth as much; `efficient`: none can be, beyond "
        "rounding; `inconclusive`: the gaps leave it open.",
        examples=["efficient"],
    )
    knee: bool = Field(default=False, description="Whether it is the suggested compromise.")
    metrics: dict[str, float | None] = Field(
        default_factory=dict, description="Values of its plan by metric.", examples=[{"moved": 12.0}]
    )


class Frontier(Document):
    """The trade-off on one problem."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    policy_id: str = Field(description="Policy whose hard rules hold throughout.", examples=["gentle"])
    request: FrontierRequest = Field(
        description="What was asked.", examples=[{"bounds": [{"metric": "balance", "from": 0.05, "to": 0.3}]}]
    )
    points: list[FrontierPoint] = Field(description="By their bounds, tightest first.", examples=[[]])
    knee_definition: str = Field(
        description="How the compromise was picked.",
        examples=["Largest distance from the chord of the normalised frontier."],
    )


class RepChurn(Document):
    """What changes in one rep's book between two plans."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    rep_id: str = Field(description="The rep.", examples=["r1"])
    gained: int = Field(description="Seats that only the second plan gives to the rep.", examples=[2])
    lost: int = Field(description="Seats that only the first plan gives to the rep.", examples=[1])
    gained_revenue: float = Field(
        description="Revenue of the accounts gained.", examples=[90000.0], json_schema_extra=MONEY
    )
    lost_revenue: float = Field(
        description="Revenue of the accounts lost.", examples=[50000.0], json_schema_extra=MONEY
    )


class SeatChange(Document):
    """A seat that two plans fill differently."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    account_id: str = Field(description="The account.", examples=["a1"])
    role: str = Field(description="Role of the seat.", examples=["account_executive"])
    a: str | None = Field(description="Rep in the first plan; null: uncovered.", examples=["r1"])
    b: str | None = Field(description="Rep in the second plan; null: uncovered.", examples=["r2"])
    revenue: float = Field(description="Revenue of the account.", examples=[90000.0], json_schema_extra=MONEY)


class PairChurn(Document):
    """How the plans of two policies differ, over all problems with the first seed."""

    a: str = Field(description="One policy.", examples=["gentle"])
    b: str = Field(description="The other.", examples=["hard"])
    accounts: int = Field(description="Accounts with a seat that differs.", examples=[3])
    revenue: float | None = Field(
        description="Their revenue; null: the problems have several currencies, which are never added.",
        examples=[140000.0],
        json_schema_extra=MONEY,
    )
    problems: int = Field(
        default=0, description="Problems on which both have a plan; others are left out.", examples=[2]
    )
    by_rep: list[RepChurn] = Field(
        description="Reps whose books differ, most revenue first; the first 200.", examples=[[]]
    )
    changes: list[SeatChange] = Field(description="Seats that differ, most revenue first.", examples=[[]])
    more_changes: int = Field(default=0, description="How many further seats differ.", examples=[0])


class Churn(Document):
    """How much the plans of any two policies differ. Problems that one of them has no plan for are left out."""

    policies: list[str] = Field(description="Rows and columns of the matrices.", examples=[["gentle", "hard"]])
    accounts: list[list[float | None]] = Field(
        description="Accounts with a seat that differs; null: no problem has both plans.", examples=[_MATRIX]
    )
    revenue: list[list[float | None]] = Field(
        description="Revenue of those accounts; null also where problems have several currencies.",
        examples=[_MATRIX],
        json_schema_extra=MONEY,
    )
    pairs: list[PairChurn] = Field(
        description="Two policies in detail: each two of them, or with the baseline where there are too many.",
        examples=[[]],
    )


class RulePrice(Document):
    """What leaving out one rule, or two, would bring on one problem, by the policy's own objective.

    A hard `family` also lets accounts follow each other to reps who could not serve them alone: its price can be
    negative. No other price can.
    """

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    policy_id: str = Field(description="The policy.", examples=["gentle"])
    dropped: list[str] = Field(description="Ids of the rules left out.", examples=[["balance"]])
    price_low: float | None = Field(
        default=None, description="The least that it costs; null: not proven.", examples=[9000.0]
    )
    price_high: float | None = Field(
        default=None, description="The most that it costs; null: not proven.", examples=[11000.0]
    )
    objective: float | None = Field(
        default=None,
        description="Objective of the plan without it; null: no plan.",
        examples=[1260000.0],
        json_schema_extra=MONEY,
    )
    dual_bound: float | None = Field(
        default=None, description="What no plan without it can exceed.", examples=[1261000.0], json_schema_extra=MONEY
    )
    penalty: float = Field(
        default=0.0,
        description="What the policy's plan pays for breaking it, where it is soft; a part of the price.",
        examples=[0.0],
        json_schema_extra=MONEY,
    )
    solution_status: SolutionStatus | None = Field(
        default=None, description="What the solve without it came to.", examples=["optimal"]
    )
    unlocks: bool = Field(
        default=False, description="Whether only leaving it out admits a plan; the price is then without limit."
    )
    run_id: str | None = Field(
        default=None, description="Run without it.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"]
    )


class Quantiles(Document):
    """A quantity over the perturbed problems."""

    mean: float = Field(description="Mean.", examples=[1240000.0])
    p10: float = Field(description="10th percentile.", examples=[1190000.0])
    p50: float = Field(description="Median.", examples=[1240000.0])
    p90: float = Field(description="90th percentile.", examples=[1290000.0])
    samples: int = Field(description="Perturbed problems with a value.", examples=[20])


class SeatPersistence(Document):
    """How often a seat keeps the rep that the plan gives it."""

    account_id: str = Field(description="The account.", examples=["a1"])
    role: str = Field(description="Role of the seat.", examples=["account_executive"])
    rep_id: str | None = Field(description="Rep in the plan; null: uncovered.", examples=["r1"])
    share: float = Field(description="Share of the new plans that agree.", examples=[0.65], json_schema_extra=SHARE)
    revenue: float = Field(description="Revenue of the account.", examples=[90000.0], json_schema_extra=MONEY)


class Persistence(Document):
    """How often assignments persist when the perturbed problems are solved again."""

    mean: float = Field(description="Mean share over the seats.", examples=[0.91], json_schema_extra=SHARE)
    p10: float = Field(description="10th percentile over the seats.", examples=[0.7], json_schema_extra=SHARE)
    samples: int = Field(description="New plans.", examples=[20])
    histogram: list[int] = Field(
        default_factory=list,
        description="Seats by share: ten equal steps from 0 to 1, the last one with both its ends.",
        examples=[[0, 0, 0, 0, 1, 0, 2, 3, 5, 40]],
    )
    seats: list[SeatPersistence] = Field(description="The least stable seats, the first 100.", examples=[[]])


class PolicyStability(Document):
    """What becomes of a policy's plan on perturbed problems."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    policy_id: str = Field(description="The policy.", examples=["gentle"])
    objective: Quantiles | None = Field(
        default=None, description="Objective of the unchanged plan on them; null: there is no plan.", examples=[None]
    )
    broken: Quantiles | None = Field(
        default=None, description="Hard rows that the unchanged plan breaks on them.", examples=[None]
    )
    feasible_share: float | None = Field(
        default=None,
        description="Share of them on which the unchanged plan keeps the hard rules.",
        examples=[0.85],
        json_schema_extra=SHARE,
    )
    regret: Quantiles | None = Field(
        default=None,
        description="What solving again would bring, to within the gap, where the unchanged plan keeps the hard rules; "
        "null: not solved.",
        examples=[None],
    )
    persistence: Persistence | None = Field(
        default=None, description="How often assignments persist; null: not solved again.", examples=[None]
    )
    infeasible: int = Field(default=0, description="Perturbed problems that no plan is left for.", examples=[0])
