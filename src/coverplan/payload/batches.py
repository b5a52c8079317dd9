"""The documents of batches: many run requests in one call, one a line."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.creator import CREATED_BY, REQUEST_ID, Creator
from coverplan.payload.plan import Plan, SolutionStatus
from coverplan.payload.runs import JobStatus, RunError

_RUN_ID = "run-0198b2c4d5e6a1b2c3d4e5f60718"


class BatchTicket(Document):
    """What became of one line as it was read: a run, or an error."""

    line: int | None = Field(
        description="Number of the line, from 1; null: the error ended the reading, no later line was taken.",
        examples=[1],
    )
    run_id: str | None = Field(default=None, description="The run; null: there is none.", examples=[_RUN_ID])
    job_status: JobStatus | None = Field(default=None, description="How far the run is.", examples=["queued"])
    error: RunError | None = Field(default=None, description="Why there is no run.", examples=[None])


class BatchResult(Document):
    """What became of one line in the end: a plan, or an error."""

    line: int = Field(description="Number of the line, from 1.", examples=[1])
    run_id: str | None = Field(default=None, description="The run; null: the line was refused.", examples=[_RUN_ID])
    name: str | None = Field(default=None, description="As given.", examples=["Q3"])
    job_status: JobStatus | None = Field(
        default=None, description="How far the run is; null: the line was refused.", examples=["completed"]
    )
    solution_status: SolutionStatus | None = Field(
        default=None, description="What the solve came to.", examples=["optimal"]
    )
    plan: Plan | None = Field(default=None, description="The plan; null: there is none.", examples=[None])
    error: RunError | None = Field(
        default=None, description="Why the line was refused or its run failed.", examples=[None]
    )


class BatchRuns(Document):
    """Runs of a batch by how far they are."""

    queued: int = Field(default=0, description="They wait.", examples=[0])
    running: int = Field(default=0, description="Workers are at them.", examples=[2])
    completed: int = Field(default=0, description="They have an answer.", examples=[297])
    failed: int = Field(default=0, description="They have none.", examples=[1])
    cancelled: int = Field(default=0, description="Nobody wanted them any more.", examples=[0])


class BatchSolutions(Document):
    """Completed runs of a batch by what their solves came to."""

    optimal: int = Field(default=0, description="A plan, proven to be the best.", examples=[280])
    feasible: int = Field(default=0, description="A plan.", examples=[15])
    infeasible: int = Field(default=0, description="No plan keeps the rules.", examples=[2])
    no_solution_found: int = Field(default=0, description="No plan was found in time.", examples=[0])


class BatchState(Document):
    """A batch: how much of it was taken, and how far that is."""

    batch_id: str = Field(description="Id of the batch.", examples=["batch-0198b2c4d5e6a1b2c3d4e5f60718"])
    name: str | None = Field(default=None, description="As given.", examples=["what if"])
    job_status: JobStatus = Field(
        description="`queued`: no run has begun; `running`; `completed`: all have ended, whichever way; `cancelled`: "
        "all were cancelled.",
        examples=["running"],
    )
    closed: bool = Field(
        description="Whether it takes no more lines: they have all been read, the call that sent them was cut off and "
        "had no Idempotency-Key, or the batch was cancelled.",
        examples=[True],
    )
    lines: int = Field(description="Lines read so far.", examples=[300])
    accepted: int = Field(description="Lines that are runs.", examples=[297])
    rejected: int = Field(description="Lines that were refused.", examples=[3])
    cancelled: int = Field(default=0, description="Lines whose runs were cancelled, as in `runs`.", examples=[0])
    runs: BatchRuns = Field(description="Its runs by job status; deleted ones do not count.")
    solutions: BatchSolutions = Field(description="Its completed runs by solution status.")
    created_by: Creator | None = CREATED_BY
    request_id: str | None = REQUEST_ID
    remaining_s: float | None = Field(
        default=None,
        description="Estimated time until the runs that it has now have ended: at the pace of those that have, if as "
        "many go on side by side as now; null: not to be told.",
        examples=[42.0],
        json_schema_extra={"unit": "seconds"},
    )
    created_at: dt.datetime = Field(description="When it was begun (UTC).", examples=["2027-01-05T08:30:00Z"])
    ended_at: dt.datetime | None = Field(
        default=None,
        description="When it was closed and its last run had ended, which webhooks are told; null: not yet.",
        examples=["2027-01-05T08:41:07Z"],
    )
    expires_at: dt.datetime | None = Field(
        default=None,
        description="When it will be deleted, or later if its runs are kept longer; null: not closed.",
        examples=["2027-02-04T08:30:31Z"],
    )
