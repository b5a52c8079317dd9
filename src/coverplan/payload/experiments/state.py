"""How far an experiment is: its estimate, its state, its cells."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field
from pydantic.config import JsonDict

from coverplan.payload.base import Document
from coverplan.payload.creator import CREATED_BY, REQUEST_ID, Creator
from coverplan.payload.experiments.parts import Patch
from coverplan.payload.plan import SolutionStatus
from coverplan.payload.rollups import MONEY
from coverplan.payload.runs import JobStatus, RunError

CellKind = Literal["policy", "reference", "frontier", "rule", "stability"]
_SECONDS: JsonDict = {"unit": "seconds"}
_ID = "exp-0198b2c4d5e6a1b2c3d4e5f60718"


class CellKinds(Document):
    """Solves by what they are for; one that is for several counts for the first."""

    policy: int = Field(default=0, description="A policy on a problem with a seed.", examples=[12])
    reference: int = Field(
        default=0, description="Bounds of the reference objective under a policy's hard rules.", examples=[3]
    )
    frontier: int = Field(default=0, description="Points of the frontier, at most.", examples=[8])
    rule: int = Field(default=0, description="A policy without a rule.", examples=[4])
    stability: int = Field(default=0, description="Perturbed problems.", examples=[20])


class EstimatedPolicy(Document):
    """A policy as it comes out of the expansion."""

    id: str = Field(description="Its name in the results.", examples=["balance.tolerance=0.05"])
    patches: list[Patch] = Field(
        description="What was changed.", examples=[[{"path": "/constraints/[id=balance]/tolerance", "value": 0.05}]]
    )


class ExperimentEstimate(Document):
    """What an experiment comes to, before it starts."""

    cells: int = Field(description="Solves at most.", examples=[47])
    by_kind: CellKinds = Field(description="What they are for.", examples=[{"policy": 12, "frontier": 8}])
    policies: list[EstimatedPolicy] = Field(description="The policies, in order.", examples=[[]])
    solve_seconds_at_most: float = Field(
        description="Sum of the time limits.", examples=[470.0], json_schema_extra=_SECONDS
    )
    seconds_at_most: float = Field(
        description="The same, over the solves that run at once; loading and decoding come on top.",
        examples=[240.0],
        json_schema_extra=_SECONDS,
    )
    notes: list[str] = Field(
        default_factory=list, description="What the numbers do not promise.", examples=[["The frontier may need less."]]
    )


class CellCounts(Document):
    """Cells by how far they are."""

    queued: int = Field(default=0, description="They wait.", examples=[10])
    running: int = Field(default=0, description="Workers are at them.", examples=[2])
    completed: int = Field(default=0, description="They have an answer.", examples=[35])
    failed: int = Field(default=0, description="They have none.", examples=[0])
    cancelled: int = Field(default=0, description="The experiment was stopped before they ended.", examples=[0])


class ExperimentState(Document):
    """An experiment: how far it is, how it ended."""

    experiment_id: str = Field(description="Id of the experiment.", examples=[_ID])
    name: str | None = Field(default=None, description="As given.", examples=["tolerance x move cap"])
    job_status: JobStatus = Field(
        description="How far it is; `cancelled`: stopped, and can be resumed.", examples=["running"]
    )
    cells: CellCounts = Field(
        description="Its cells so far; a frontier adds some as it goes, and in deterministic mode what begins with "
        "another cell's plan.",
        examples=[{}],
    )
    phase: str | None = Field(default=None, description="What is being done.", examples=["solving"])
    remaining_s: float | None = Field(
        default=None,
        description="Estimated time until the cells that it has now have ended: at the pace of those that have, if as "
        "many go on side by side as now; null: not to be told.",
        examples=[42.0],
        json_schema_extra=_SECONDS,
    )
    error: RunError | None = Field(default=None, description="Why it failed; null: it did not.", examples=[None])
    created_by: Creator | None = CREATED_BY
    request_id: str | None = REQUEST_ID
    created_at: dt.datetime = Field(description="When it was accepted (UTC).", examples=["2027-01-05T08:30:00Z"])
    started_at: dt.datetime | None = Field(
        default=None, description="When its first cell began.", examples=["2027-01-05T08:30:01Z"]
    )
    ended_at: dt.datetime | None = Field(
        default=None, description="When its results were there.", examples=["2027-01-05T08:34:31Z"]
    )
    expires_at: dt.datetime | None = Field(
        default=None, description="When it will be deleted; null: not ended.", examples=["2027-02-04T08:34:31Z"]
    )


class ExperimentTicket(Document):
    """An experiment that was accepted."""

    experiment_id: str = Field(description="Id of the experiment.", examples=[_ID])
    job_status: JobStatus = Field(description="How far it is.", examples=["queued"])


class ExperimentPage(Document):
    """A page of experiments, newest first."""

    items: list[ExperimentState] = Field(description="The experiments.", examples=[[]])
    next_cursor: str | None = Field(
        default=None, description="Cursor of the next page; null: this is the last.", examples=[None]
    )


class ExperimentCell(Document):
    """One solve of an experiment."""

    key: str = Field(description="Hash of problem, policy, options and perturbation.", examples=["9f86d081884c7d65"])
    kinds: list[CellKind] = Field(description="What it is for.", examples=[["policy"]])
    problem_id: str = Field(description="The problem.", examples=["problem-1"])
    labels: list[str] = Field(
        description="The policies, or what was done to them, one per kind.", examples=[["balance.tolerance=0.05"]]
    )
    seed: int = Field(description="Seed of the solve.", examples=[0])
    run_id: str | None = Field(
        default=None, description="Its run; null: not yet queued.", examples=["run-0198b2c4d5e6a1b2c3d4e5f60718"]
    )
    job_status: JobStatus = Field(description="How far it is.", examples=["completed"])
    solution_status: SolutionStatus | None = Field(
        default=None, description="What the solve came to.", examples=["feasible"]
    )
    objective_value: float | None = Field(
        default=None, description="Objective of its plan.", examples=[1250000.0], json_schema_extra=MONEY
    )
    dual_bound: float | None = Field(
        default=None, description="What no plan can exceed.", examples=[1250500.0], json_schema_extra=MONEY
    )
    gap: float | None = Field(default=None, description="(dual_bound - objective) / |objective|.", examples=[0.0004])
    seconds: float | None = Field(
        default=None, description="From its start to its end.", examples=[4.2], json_schema_extra=_SECONDS
    )
    error: RunError | None = Field(default=None, description="Why it failed; null: it did not.", examples=[None])


class CellPage(Document):
    """A page of cells, in the order of the experiment."""

    items: list[ExperimentCell] = Field(description="The cells.", examples=[[]])
    next_cursor: str | None = Field(
        default=None, description="Cursor of the next page; null: this is the last.", examples=[None]
    )
