"""Extending an experiment: what is added, and what is asked of the comparison from now on."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from coverplan.payload.base import Document, Id
from coverplan.payload.experiments.parts import (
    ExperimentPolicy,
    ExperimentProblem,
    FrontierRequest,
    Grid,
    Reference,
    RulePrices,
    Stability,
)
from coverplan.payload.experiments.request import ExperimentRequest, Rule, Seed
from coverplan.payload.requests import SMALLEST_PROBLEM

_ADDED = ("problems", "policies", "seeds")


class ExperimentExtension(Document):
    """Problems, policies and seeds that are added; other fields stand for those of before where they are given."""

    problems: list[ExperimentProblem] = Field(
        default_factory=list, max_length=100, description="More problems.", examples=[[{"problem": SMALLEST_PROBLEM}]]
    )
    policies: list[ExperimentPolicy] = Field(
        default_factory=list, max_length=200, description="More policies, one by one.", examples=[[{"id": "as is"}]]
    )
    seeds: list[Seed] = Field(default_factory=list, max_length=100, description="More seeds.", examples=[[3, 4]])
    grid: Grid | None = Field(
        default=None,
        description="Policies by parameters instead of those before; combinations that were solved stay solved.",
        examples=[{"axes": [{"path": "/constraints/[id=balance]/tolerance", "values": [0.05, 0.1, 0.2]}]}],
    )
    baseline: Id | None = Field(default=None, description="Another baseline.", examples=["as is"])
    reference: Reference | None = Field(
        default=None, description="Another reference objective.", examples=[{"objective": {"relationship_loss": 1}}]
    )
    second_solve: bool | None = Field(
        default=None,
        description="Whether policies are solved a second time where hard rules cannot tell.",
        examples=[True],
    )
    today: bool | None = Field(default=None, description="Whether to measure today's assignment.", examples=[True])
    accept: list[Rule] | None = Field(
        default=None, max_length=50, description="Other acceptance rules.", examples=[["moved_share <= 0.1"]]
    )
    frontier: FrontierRequest | None = Field(
        default=None,
        description="A trade-off to draw, or the same with more points.",
        examples=[{"bounds": [{"metric": "balance", "from": 0.05, "to": 0.3}], "points": 12}],
    )
    rule_prices: RulePrices | None = Field(
        default=None, description="Whose rules to price.", examples=[{"pairs": False}]
    )
    stability: Stability | None = Field(default=None, description="How to perturb.", examples=[{"samples": 20}])

    def added_to(self, request: ExperimentRequest) -> ExperimentRequest:
        """The next version of a request; what was there keeps its name."""
        named = [
            one if one.id is not None else one.model_copy(update={"id": name})
            for one, name in zip(request.problems, request.problem_ids, strict=True)
        ]
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set - set(_ADDED)}
        update = {name: value for name, value in given.items() if value is not None}
        update["problems"] = [*named, *self.problems]
        update["policies"] = [*request.policies, *self.policies]
        if self.seeds:
            update["seeds"] = list(dict.fromkeys([*request.all_seeds, *self.seeds]))
        return request.model_copy(update=update)
