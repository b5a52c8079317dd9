"""What an experiment compares, and what it asks of the comparison."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from coverplan.constraints.base import Measure
from coverplan.payload.base import Document, Id
from coverplan.payload.policy import AnyConstraint, ObjectiveWeights, Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import SMALLEST_PROBLEM
from coverplan.payload.runs import PolicyName

SHARE_UNIT = "share, 0 to 1"
SPREAD_UNIT = "relative standard deviation"

PatchPath = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_PATH = (
    "JSON Pointer into the policy with its defaults filled in; a segment `[id=NAME]` is the rule of that id, "
    "`/constraints/-` appends a rule."
)
_BASE = "The policy; absent: that of `policy_ref`, else the default one."
_CAPACITY = {"constraints": [{"kind": "capacity"}]}


class ExperimentProblem(Document):
    """One problem, inline or a dataset."""

    id: Id | None = Field(
        default=None, description="Name in the results; null: `problem-1`, `problem-2`...", examples=["emea"]
    )
    problem: Problem | None = Field(
        default=None, description="The facts; or name a dataset instead.", examples=[SMALLEST_PROBLEM]
    )
    dataset_id: Id | None = Field(default=None, description="A dataset that holds the facts.", examples=["ds-01"])


class Patch(Document):
    """One change to a policy."""

    path: PatchPath = Field(description=_PATH, examples=["/constraints/[id=balance]/tolerance"])
    value: JsonValue = Field(default=None, description="What stands there from now on.", examples=[0.1])
    remove: bool = Field(default=False, description="Remove what stands there instead.")


class ExperimentPolicy(Document):
    """One policy, inline or stored, with changes."""

    id: Id | None = Field(
        default=None,
        description="Name in the results; null: the policy's own name, else `policy-1`, `policy-2`...",
        examples=["gentle"],
    )
    policy: Policy | None = Field(default=None, description=_BASE, examples=[_CAPACITY])
    policy_ref: PolicyName | None = Field(
        default=None, description="A stored policy, instead of an inline one.", examples=[{"name": "gentle"}]
    )
    patches: list[Patch] = Field(
        default_factory=list,
        max_length=100,
        description="Changes, in this order.",
        examples=[[{"path": "/constraints/[id=balance]/tolerance", "value": 0.1}]],
    )


class GridAxis(Document):
    """A place in the policy and the values that it takes."""

    path: PatchPath = Field(description=_PATH, examples=["/constraints/[id=balance]/tolerance"])
    values: list[JsonValue] = Field(
        min_length=1, max_length=50, description="The values, one policy each.", examples=[[0.05, 0.1, 0.15, 0.2]]
    )
    label: Id | None = Field(
        default=None,
        description="Name of the axis in the policies' ids; null: rule and field, e.g. `balance.tolerance`.",
        examples=["tolerance"],
    )


class Grid(Document):
    """A base policy and axes: one policy for each combination of values, the first axis slowest."""

    policy: Policy | None = Field(default=None, description=_BASE, examples=[_CAPACITY])
    policy_ref: PolicyName | None = Field(
        default=None, description="A stored policy, instead of an inline one.", examples=[{"name": "gentle"}]
    )
    axes: list[GridAxis] = Field(
        min_length=1,
        max_length=4,
        description="What varies.",
        examples=[[{"path": "/constraints/[id=balance]/tolerance", "values": [0.05, 0.1]}]],
    )


class Reference(Document):
    """The objective by which plans of different policies are compared."""

    objective: ObjectiveWeights = Field(
        default_factory=ObjectiveWeights, description="Weights of its terms.", examples=[{"relationship_loss": 1}]
    )
    constraints: list[AnyConstraint] = Field(
        default_factory=list,
        max_length=200,
        description="Soft rules, whose penalties count; a hard one is an error.",
        examples=[[{"kind": "balance", "tolerance": 0.15, "penalty": 0.2}]],
    )


class FrontierAxis(Document):
    """A metric that is bounded, from one bound to another."""

    metric: Literal["balance", "moved_share", "moved_revenue_share", "uncovered_share"] = Field(
        description="What is bounded, by a hard rule: `balance` by the tolerance of the policy's own `balance` rules "
        "of that measure, or of one over all reps where it has none, `moved_share` and `moved_revenue_share` by "
        "`keep_current`, `uncovered_share` by `coverage`.",
        examples=["balance"],
    )
    measure: Measure = Field(default="revenue", description="What `balance` balances.", examples=["revenue"])
    start: float = Field(
        alias="from",
        ge=0,
        le=10,
        description="One end of the bounds.",
        examples=[0.05],
        json_schema_extra={"unit": SHARE_UNIT},
    )
    end: float = Field(
        alias="to", ge=0, le=10, description="The other end.", examples=[0.3], json_schema_extra={"unit": SHARE_UNIT}
    )


class FrontierRequest(Document):
    """The best of one metric for each bound on one or two others, by epsilon-constraint."""

    policy: Id | None = Field(
        default=None,
        description="Policy of the experiment whose hard rules hold throughout; null: the baseline.",
        examples=["gentle"],
    )
    maximise: Literal["reference", "net_revenue", "expected_revenue", "relationship_loss"] = Field(
        default="reference",
        description="What is made best: the reference objective, expected revenue net of or before relationship loss, "
        "or (least) relationship loss.",
        examples=["net_revenue"],
    )
    bounds: list[FrontierAxis] = Field(
        min_length=1,
        max_length=2,
        description="What is bounded.",
        examples=[[{"metric": "balance", "from": 0.05, "to": 0.3}]],
    )
    points: int = Field(
        default=8,
        ge=3,
        le=50,
        description="Most solves per problem; fewer where those in between are known to within the gap already.",
        examples=[8],
    )


class RulePrices(Document):
    """What each rule costs: the policy without it against the policy."""

    policy: Id | None = Field(
        default=None, description="Policy of the experiment; null: the baseline.", examples=["gentle"]
    )
    pairs: bool = Field(default=False, description="Also leave out each two rules together.")


class Stability(Document):
    """What becomes of plans when the facts turn out otherwise: log-normal factors of mean 1, one per account."""

    policies: list[Id] | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Policies of the experiment; null: the baseline.",
        examples=[["gentle"]],
    )
    revenue: float = Field(
        default=0.1,
        ge=0,
        le=2,
        description="Spread of existing revenue.",
        examples=[0.1],
        json_schema_extra={"unit": SPREAD_UNIT},
    )
    potential: float = Field(
        default=0.2,
        ge=0,
        le=2,
        description="Spread of the potential.",
        examples=[0.2],
        json_schema_extra={"unit": SPREAD_UNIT},
    )
    hours: float = Field(
        default=0.1,
        ge=0,
        le=2,
        description="Spread of the hours that an account takes.",
        examples=[0.1],
        json_schema_extra={"unit": SPREAD_UNIT},
    )
    samples: int = Field(default=20, ge=1, le=500, description="Perturbed problems per problem.", examples=[20])
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Seed of the factors.", examples=[0])
    mode: Literal["solve", "evaluate"] = Field(
        default="solve",
        description="Whether each perturbed problem is solved again, or only the plan measured on it.",
        examples=["evaluate"],
    )
