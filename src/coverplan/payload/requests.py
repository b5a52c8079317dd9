"""The bodies of the calls that take a problem."""

from __future__ import annotations

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.studies.perturbation import Perturbation

CHECKPOINT_FILE = "incumbent.bin"
"""In the checkpoint folder of a solve: reps of the seats, bound and prices of its best plan so far."""

SMALLEST_PROBLEM = {
    "accounts": [{"id": "a1", "potential": 50000}, {"id": "a2", "potential": 20000}],
    "reps": [{"id": "r1", "capacity_hours": 1}, {"id": "r2", "capacity_hours": 1}],
}


class SolveRequest(Document):
    """A problem to solve under a policy."""

    problem: Problem = Field(description="The facts.", examples=[SMALLEST_PROBLEM])
    policy: Policy = Field(
        default_factory=Policy,
        description="The rules and the weights of the objective; absent: hard `capacity`, soft `balance` of revenue.",
        examples=[{"constraints": [{"kind": "capacity"}]}],
    )
    options: Options = Field(
        default_factory=Options,
        description="How long and how to solve.",
        examples=[{"time_limit_s": 10}],
    )
    start_plan: Plan | None = Field(
        None,
        description="A plan to start from. It is checked first; a feasible one is never answered with a worse plan.",
        examples=[None],
    )


class OtherPlan(Document):
    """The files of another run's plan of the same book."""

    plan: str = Field(description="File of the plan document.", examples=["plan.json"])
    table: str | None = Field(
        None, description="Table of its seats; null: the document lists them.", examples=["plan.parquet"]
    )


class BookRequest(Document):
    """A book of tables to solve; the files lie where the solver can read them."""

    folder: str = Field(description="Folder of the tables.", examples=["book"])
    policy: Policy = Field(
        default_factory=Policy, description="The rules; absent: the default ones.", examples=[{"constraints": []}]
    )
    options: Options = Field(
        default_factory=Options, description="How long and how to solve.", examples=[{"time_limit_s": 10}]
    )
    start_plan: str | None = Field(None, description="File of a plan to start from.", examples=["plan.parquet"])
    other_plans: list[OtherPlan] = Field(
        default_factory=list, description="Plans under other policies to begin with.", examples=[[]]
    )
    table: str = Field(description="Parquet file that takes the seats.", examples=["plan.parquet"])
    perturbation: Perturbation | None = Field(None, description="How the facts turn out; null: as given.")


class ValidateRequest(Document):
    """A problem and a policy to check without solving."""

    problem: Problem = Field(description="The facts.", examples=[SMALLEST_PROBLEM])
    policy: Policy = Field(
        default_factory=Policy, description="The rules; absent: the default ones.", examples=[{"constraints": []}]
    )


class EvaluateRequest(Document):
    """Assignments to measure under a problem and a policy without solving."""

    problem: Problem = Field(description="The facts.", examples=[SMALLEST_PROBLEM])
    policy: Policy = Field(
        default_factory=Policy, description="The rules; absent: the default ones.", examples=[{"constraints": []}]
    )
    assignments: list[AssignmentIn] = Field(
        description="Who covers what; seats that are not named are uncovered.",
        examples=[[{"account_id": "a1", "role": "account_executive", "rep_id": "r1"}]],
    )
