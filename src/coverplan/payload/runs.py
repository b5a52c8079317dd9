"""The documents of durable runs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from coverplan.payload.base import Document, Id, Name
from coverplan.payload.creator import CREATED_BY, REQUEST_ID, Creator
from coverplan.payload.issues import Issue
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan, SolutionStatus, StoppedBy
from coverplan.payload.policies import MAX_VERSION
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import SMALLEST_PROBLEM

JobStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
Tag = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
MAX_TAGS = 20


class PolicyName(Document):
    """A stored policy."""

    name: Id = Field(description="Name of the policy.", examples=["balanced, gentle"])
    version: int | None = Field(
        default=None, ge=1, le=MAX_VERSION, description="Its version; null: the latest.", examples=[3]
    )


class RunRequest(Document):
    """A problem and a policy, each inline or by name, to be solved by a worker."""

    problem: Problem | None = Field(
        default=None, description="The facts; or name a dataset instead.", examples=[SMALLEST_PROBLEM]
    )
    dataset_id: Id | None = Field(default=None, description="A dataset that holds the facts.", examples=["ds-01"])
    policy: Policy | None = Field(
        default=None,
        description="The rules and weights; absent: those of `policy_ref`, else the default ones.",
        examples=[{"constraints": [{"kind": "capacity"}]}],
    )
    policy_ref: PolicyName | None = Field(
        default=None, description="A stored policy, instead of an inline one.", examples=[{"name": "gentle"}]
    )
    options: Options = Field(
        default_factory=Options, description="How long and how to solve.", examples=[{"time_limit_s": 60}]
    )
    start_plan: Plan | None = Field(default=None, description="A plan to start from.", examples=[None])
    start_run_id: Id | None = Field(
        default=None, description="A completed run whose plan to start from.", examples=["run-01"]
    )
    name: Name | None = Field(default=None, description="For people; lists can be filtered by it.", examples=["Q3"])
    tags: list[Tag] = Field(
        default_factory=list,
        max_length=MAX_TAGS,
        description="Labels; lists can be filtered by one.",
        examples=[["carve-2027", "emea"]],
    )
    priority: int = Field(
        default=0, ge=-100, le=100, description="Higher ones start first, among those that wait.", examples=[10]
    )
    timeout_s: float | None = Field(
        default=None,
        gt=0,
        le=7 * 86400,
        description="Time after its start at which the run is stopped, loading included; the best plan counts.",
        examples=[600],
        json_schema_extra={"unit": "seconds"},
    )
    retention_days: float | None = Field(
        default=None,
        gt=0,
        le=3650,
        description="Days after its end at which the run is deleted; null: the service's default.",
        examples=[90],
    )
    reuse: bool = Field(
        default=False,
        description="Answer with the newest completed run of the same content, if there is one.",
        examples=[True],
    )


class RunTicket(Document):
    """A run that was accepted."""

    run_id: str = Field(description="Id of the run.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"])
    job_status: JobStatus = Field(description="How far it is.", examples=["queued"])


class RunError(Document):
    """Why a run failed, or a line of a batch was refused."""

    code: str = Field(description="The kind of error; stable.", examples=["solver_lost"])
    message: str = Field(description="What went wrong.", examples=["The process that worked on it was lost."])
    errors: list[Issue] = Field(
        default_factory=list, description="The first issues of the request, where it was invalid.", examples=[[]]
    )
    total_errors: int = Field(default=0, description="How many issues there are in all.", examples=[0])


class RunState(Document):
    """A run: what was asked of whom, how far it is, how it ended."""

    run_id: str = Field(description="Id of the run.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"])
    name: str | None = Field(default=None, description="As given.", examples=["Q3"])
    tags: list[str] = Field(default_factory=list, description="As given, sorted.", examples=[["emea"]])
    job_status: JobStatus = Field(description="How far the job is.", examples=["completed"])
    solution_status: SolutionStatus | None = Field(
        default=None, description="What the solve came to; null: not ended.", examples=["optimal"]
    )
    stopped_by: StoppedBy | None = Field(default=None, description="Why the search ended.", examples=["gap"])
    objective_value: float | None = Field(
        default=None,
        description="Objective of the best plan so far.",
        examples=[1250000.0],
        json_schema_extra={"unit": "currency"},
    )
    dual_bound: float | None = Field(
        default=None,
        description="Best proven bound so far.",
        examples=[1250500.0],
        json_schema_extra={"unit": "currency"},
    )
    gap: float | None = Field(default=None, description="(dual_bound - objective) / |objective|.", examples=[0.0004])
    phase: str | None = Field(default=None, description="What the solver is doing.", examples=["done"])
    priority: int = Field(default=0, description="As given.", examples=[0])
    timeout_s: float | None = Field(default=None, description="As given.", examples=[None])
    attempts: int = Field(default=0, description="Workers that began it: more than 1 after a loss.", examples=[1])
    dataset_id: str | None = Field(default=None, description="The dataset of its problem.", examples=[None])
    policy_name: str | None = Field(default=None, description="The stored policy.", examples=["gentle"])
    policy_version: int | None = Field(default=None, description="Its version.", examples=[3])
    start_run_id: str | None = Field(default=None, description="The run whose plan it began with.", examples=[None])
    batch_id: str | None = Field(default=None, description="The batch that it came with.", examples=[None])
    experiment_id: str | None = Field(default=None, description="The experiment that it is of.", examples=[None])
    error: RunError | None = Field(default=None, description="Why it failed; null: it did not.", examples=[None])
    created_by: Creator | None = CREATED_BY
    request_id: str | None = REQUEST_ID
    created_at: dt.datetime = Field(description="When it was accepted (UTC).", examples=["2027-01-05T08:30:00Z"])
    started_at: dt.datetime | None = Field(
        default=None, description="When a worker first began it.", examples=["2027-01-05T08:30:01Z"]
    )
    ended_at: dt.datetime | None = Field(default=None, description="When it ended.", examples=["2027-01-05T08:30:31Z"])
    expires_at: dt.datetime | None = Field(
        default=None, description="When it will be deleted; null: not ended.", examples=["2027-02-04T08:30:31Z"]
    )


class RunNews(Document):
    """What an event tells of a run: `queued`, `started`, `progress`... and at last `ended`."""

    run_id: str = Field(description="Id of the run.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"])
    at: dt.datetime = Field(description="When it happened (UTC).", examples=["2027-01-05T08:30:04.2Z"])
    job_status: JobStatus = Field(description="How far the job is.", examples=["running"])
    attempt: int | None = Field(default=None, description="Of `started`: the number of the attempt.", examples=[None])
    t: float | None = Field(
        default=None,
        description="Of `progress`: time since the solve began.",
        examples=[3.1],
        json_schema_extra={"unit": "seconds"},
    )
    objective_value: float | None = Field(
        default=None,
        description="Objective of the best plan so far; null: none yet.",
        examples=[1240000.0],
        json_schema_extra={"unit": "currency"},
    )
    dual_bound: float | None = Field(
        default=None,
        description="Best proven bound so far; null: none yet.",
        examples=[1262500.0],
        json_schema_extra={"unit": "currency"},
    )
    gap: float | None = Field(default=None, description="(dual_bound - objective) / |objective|.", examples=[0.018])
    phase: str | None = Field(default=None, description="What the solver is doing.", examples=["search"])
    solution_status: SolutionStatus | None = Field(
        default=None, description="Of `ended`: what the solve came to.", examples=[None]
    )


class RunPage(Document):
    """A page of runs, newest first."""

    items: list[RunState] = Field(description="The runs.", examples=[[]])
    next_cursor: str | None = Field(
        default=None, description="Cursor of the next page; null: this is the last.", examples=[None]
    )
