"""The experiment as it is asked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from coverplan.payload.base import Document, Id, Name
from coverplan.payload.experiments.parts import (
    ExperimentPolicy,
    ExperimentProblem,
    FrontierRequest,
    Grid,
    Reference,
    RulePrices,
    Stability,
)
from coverplan.payload.options import Options
from coverplan.payload.requests import SMALLEST_PROBLEM

Rule = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""An acceptance rule."""
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ExperimentRequest(Document):
    """Problems x policies x seeds, and what to make of them. Without policies and grid: the default policy alone."""

    name: Name | None = Field(default=None, description="For people.", examples=["tolerance x move cap"])
    problems: list[ExperimentProblem] = Field(
        min_length=1, max_length=100, description="The facts.", examples=[[{"problem": SMALLEST_PROBLEM}]]
    )
    policies: list[ExperimentPolicy] = Field(
        default_factory=list,
        max_length=200,
        description="Policies one by one.",
        examples=[[{"id": "as is"}, {"id": "hard", "policy": {"constraints": [{"kind": "capacity"}]}}]],
    )
    grid: Grid | None = Field(
        default=None,
        description="Policies by parameters; they follow those one by one.",
        examples=[{"axes": [{"path": "/constraints/[id=balance]/tolerance", "values": [0.05, 0.1]}]}],
    )
    options: Options = Field(
        default_factory=Options, description="How long and how each is solved.", examples=[{"time_limit_s": 10}]
    )
    seeds: list[Seed] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Seeds, one solve each, all different; null: that of the options alone.",
        examples=[[0, 1, 2]],
    )
    baseline: Id | None = Field(
        default=None, description="Policy that the others are compared with; null: the first.", examples=["as is"]
    )
    reference: Reference | None = Field(
        default=None,
        description="The objective that decides between policies; null: the baseline's weights, without soft rules.",
        examples=[{"objective": {"relationship_loss": 1}}],
    )
    second_solve: bool = Field(
        default=True,
        description="Whether policies whose own objective is not the reference are solved twice more: for the most and "
        "the least that a plan which their own objective holds at least as good as those found is worth by the "
        "reference. Policies that share their hard rules admit the same plans, and differ in nothing else.",
        examples=[False],
    )
    today: bool = Field(default=True, description="Also measure today's assignment.")
    accept: list[Rule] = Field(
        default_factory=list,
        max_length=50,
        description="Rules over metrics that a policy must meet on every problem and seed; `baseline` and `today` "
        "stand for the same metric there.",
        examples=[["moved_revenue_share <= 0.1 and expected_revenue >= baseline"]],
    )
    frontier: FrontierRequest | None = Field(
        default=None,
        description="A trade-off to draw, per problem.",
        examples=[{"bounds": [{"metric": "balance", "from": 0.05, "to": 0.3}]}],
    )
    rule_prices: RulePrices | None = Field(
        default=None, description="Whether to price the rules of a policy.", examples=[{"pairs": False}]
    )
    stability: Stability | None = Field(
        default=None, description="Whether to perturb the facts.", examples=[{"samples": 20}]
    )
    share: bool = Field(
        default=True,
        description="Whether solves begin with the plans and prices of others; in deterministic mode with those of the "
        "first policy and seed, which are solved before the others of a problem, whatever ends first.",
    )
    priority: int = Field(
        default=0, ge=-100, le=100, description="Higher ones start first, among those that wait.", examples=[10]
    )
    retention_days: float | None = Field(
        default=None,
        gt=0,
        le=3650,
        description="Days after its end at which it is deleted; null: the service's default.",
        examples=[90],
    )

    @property
    def problem_ids(self) -> list[str]:
        """Ids of the problems, as results name them."""
        return [one.id or f"problem-{place}" for place, one in enumerate(self.problems, 1)]

    @property
    def all_seeds(self) -> list[int]:
        """The seeds of the solves."""
        return [self.options.seed] if self.seeds is None else self.seeds
