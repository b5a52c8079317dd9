"""What an experiment found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.experiments.findings import (
    Churn,
    Frontier,
    PolicyStability,
    RulePrice,
)
from coverplan.payload.experiments.parts import Reference
from coverplan.payload.experiments.state import ExperimentCell
from coverplan.payload.experiments.verdicts import Difference, Verdict
from coverplan.payload.plan import Progress, SolutionStatus
from coverplan.payload.rollups import MONEY

Direction = Literal["higher", "lower", "none"]
_VALUES = {"expected_revenue": 1250000.0, "moved": 12.0}


class Metric(Document):
    """One thing that plans are measured by."""

    name: str = Field(description="Its name.", examples=["expected_revenue"])
    unit: str = Field(description="Unit of its values.", examples=["currency"])
    direction: Direction = Field(description="Which values are better; none: neither.", examples=["higher"])
    description: str = Field(description="What it measures.", examples=["Revenue before relationship loss."])
    tolerance: float = Field(
        default=0.0,
        description="In the unit of the metric: what rounding may make of 0. Acceptance rules take values for equal "
        "that are no further apart, or by no more than 1e-9 of their size.",
        examples=[1e-6],
    )


class ReferenceInterval(Document):
    """A plan under the reference objective, and what no plan that keeps the policy's hard rules can exceed there."""

    objective: float | None = Field(
        default=None,
        description="Reference objective of the plan; null: there is no plan.",
        examples=[1250000.0],
        json_schema_extra=MONEY,
    )
    bound: float | None = Field(
        default=None, description="The bound; null: not proven.", examples=[1250500.0], json_schema_extra=MONEY
    )
    own_least: float | None = Field(
        default=None,
        description="What any plan that the policy's own objective holds at least as good as those found is worth by "
        "the reference, at the least; null: not proven.",
        examples=[1249000.0],
        json_schema_extra=MONEY,
    )
    own_most: float | None = Field(
        default=None,
        description="The same at the most; null: not proven.",
        examples=[1250100.0],
        json_schema_extra=MONEY,
    )


class ResultRow(Document):
    """One policy on one problem with one seed."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    policy_id: str = Field(description="The policy.", examples=["balance.tolerance=0.05"])
    seed: int = Field(description="Seed of the solve.", examples=[0])
    run_id: str | None = Field(default=None, description="Its run.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"])
    solution_status: SolutionStatus | None = Field(
        default=None, description="What the solve came to; null: not solved, or failed.", examples=["feasible"]
    )
    metrics: dict[str, float | None] = Field(
        description="Values by metric; null: not defined for this plan.", examples=[_VALUES]
    )
    reference: ReferenceInterval = Field(
        description="The plan under the reference objective.", examples=[{"objective": 1250000.0}]
    )
    progress: list[Progress] = Field(
        default_factory=list, description="Objective and bound over time, thinned out.", examples=[[]]
    )


class TodayRow(Document):
    """Today's assignment of one problem."""

    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    metrics: dict[str, float | None] = Field(description="Values by metric.", examples=[_VALUES])
    reference_objective: float = Field(
        description="The reference objective.", examples=[1200000.0], json_schema_extra=MONEY
    )


class RuleResult(Document):
    """An acceptance rule on one policy."""

    rule: str = Field(description="The rule.", examples=["moved_revenue_share <= 0.1"])
    passed: bool = Field(alias="pass", description="Whether it holds on every problem and seed.")
    why: str = Field(description="Where it fails first.", examples=["problem-1, seed 0: moved_revenue_share is 0.08"])


class PolicyResult(Document):
    """One policy over all problems and seeds."""

    policy_id: str = Field(description="The policy.", examples=["balance.tolerance=0.05"])
    same_as: str | None = Field(
        default=None, description="An earlier policy of the same content; null: none.", examples=[None]
    )
    plans: int = Field(description="Problems and seeds on which it has a plan.", examples=[3])
    infeasible: list[str] = Field(
        default_factory=list, description="Problems on which no plan keeps its rules.", examples=[[]]
    )
    unsolved: list[str] = Field(
        default_factory=list, description="Problems on which no plan was found, though there may be one.", examples=[[]]
    )
    metrics: dict[str, float | None] = Field(
        description="Means over the problems on which it has a plan, the seeds of each averaged: where `infeasible` or "
        "`unsolved` name some, they are not means over all. Money is null where problems have several currencies.",
        examples=[_VALUES],
    )
    against_baseline: dict[str, Difference] = Field(
        default_factory=dict, description="This policy less the baseline, by metric.", examples=[{}]
    )
    against_today: dict[str, Difference] = Field(
        default_factory=dict, description="This policy less today's assignment, by metric.", examples=[{}]
    )
    accepted: list[RuleResult] = Field(default_factory=list, description="The acceptance rules.", examples=[[]])


class ExperimentResults(Document):
    """What an experiment found, as far as its cells have ended."""

    experiment_id: str | None = Field(
        default=None, description="Id of the experiment.", examples=["exp-0198b2c4d5e6a1b2c3d4e5f60718"]
    )
    name: str | None = Field(default=None, description="As given.", examples=["tolerance x move cap"])
    status: Literal["complete", "partial"] = Field(
        description="Whether every cell has a plan or is proven to have none.", examples=["complete"]
    )
    currency: str | None = Field(
        default=None, description="Currency of all problems; null: there are several.", examples=["EUR"]
    )
    baseline: str = Field(description="Policy that the others are compared with.", examples=["as is"])
    reference: Reference = Field(description="The objective that decides.", examples=[{}])
    metrics: list[Metric] = Field(
        description="What plans are measured by. They describe; only the reference objective decides.", examples=[[]]
    )
    rows: list[ResultRow] = Field(description="Problems x policies x seeds.", examples=[[]])
    today: list[TodayRow] = Field(
        default_factory=list, description="Today's assignments; none for problems without one.", examples=[[]]
    )
    policies: list[PolicyResult] = Field(description="The policies, in order.", examples=[[]])
    verdict: Verdict = Field(description="Which one is best.", examples=[None])
    accepted: list[str] = Field(
        default_factory=list,
        description="Policies with a plan on every problem and seed that meets every acceptance rule.",
        examples=[["gentle"]],
    )
    frontiers: list[Frontier] = Field(default_factory=list, description="One per problem.", examples=[[]])
    churn: Churn | None = Field(default=None, description="Which accounts plans differ by.", examples=[None])
    rule_prices: list[RulePrice] = Field(
        default_factory=list, description="What rules cost, per problem.", examples=[[]]
    )
    stability: list[PolicyStability] = Field(
        default_factory=list, description="What becomes of plans, per problem and policy.", examples=[[]]
    )
    cells: list[ExperimentCell] = Field(default_factory=list, description="The solves.", examples=[[]])
    notes: list[str] = Field(default_factory=list, description="What the numbers do not promise.", examples=[[]])

    @property
    def problems(self) -> int:
        """How many there are."""
        return len({row.problem_id for row in self.rows})

    def covered(self, policy_id: str) -> int:
        """On how many problems a policy has a plan."""
        return len({row.problem_id for row in self.rows if row.policy_id == policy_id and row.metrics})
