"""What the service says of itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from coverplan.payload.base import Document


class ConstraintKind(Document):
    """One kind of constraint that a policy may use."""

    kind: str = Field(description="Its name in policies.", examples=["capacity"])
    doc: str = Field(description="What it says.", examples=["Keep each rep's planned hours within a share."])
    unit: str = Field(description="What one unit of violation is.", examples=["hours"])
    parameters: dict[str, Any] = Field(
        description="JSON Schema of the constraint in a policy.", examples=[{"type": "object"}]
    )


class IssueCode(Document):
    """One code that issues may have."""

    code: str = Field(description="The stable code.", examples=["unknown_territory"])
    severity: Literal["error", "warning"] = Field(
        description="An error stops the run, a warning does not.", examples=["error"]
    )
    entity: str | None = Field(default=None, description="What it is usually about.", examples=["account"])
    message: str = Field(description="The message, with placeholders.", examples=["Territory {value} does not exist."])
    suggestion: str | None = Field(default=None, description="The usual way out.", examples=["Make the ids unique."])


class Limits(Document):
    """What this service takes; each limit is a setting. The command line has none of them."""

    max_body_bytes: int = Field(description="Bytes of a body after decompression.", examples=[8388608])
    max_body_values: int = Field(description="Commas and opening brackets of a body.", examples=[1000000])
    max_table_bytes: int = Field(description="Bytes of a dataset's table.", examples=[2147483648])
    max_table_rows: int = Field(description="Rows of a dataset's table.", examples=[20000000])
    max_batch_lines: int = Field(description="Lines of a batch.", examples=[100000])
    max_experiment_cells: int = Field(description="Solves of an experiment.", examples=[2000])
    max_experiment_rules: int = Field(description="Rules of all policies of an experiment.", examples=[50000])
    max_accounts: int = Field(description="Accounts of a synchronous solve.", examples=[10000])
    max_account_reps: int = Field(description="Accounts x reps of a synchronous solve.", examples=[2000000])
    max_time_limit_s: float = Field(description="Time limit of a synchronous solve, in seconds.", examples=[300])
    slots: int = Field(description="Solves at the same time.", examples=[2])
    queue_length: int = Field(description="Requests that may wait for a slot.", examples=[32])
    queue_wait_s: float = Field(description="Seconds that a request waits for a slot.", examples=[5])
    memory_limit_mb: int = Field(description="Memory of one solve, in MB.", examples=[4096])
    requests_per_minute: int = Field(description="Calls a minute of a key without an own limit.", examples=[6000])
    running_runs: int = Field(
        description="Queued and running runs of a tenant beyond which a key without an own limit adds none.",
        examples=[20000],
    )
    stored_bytes: int | None = Field(
        description="Stored bytes of a tenant beyond which a key without an own limit adds none, of runs, batches with "
        "refused lines, experiments, policies and datasets, whose shared tables count once; null: any number.",
        examples=[100000000000],
    )
    max_issues: int = Field(description="Issues in one answer; all are counted.", examples=[1000])


class Health(Document):
    """The service lives."""

    status: Literal["ok"] = Field(default="ok", description="Always `ok`.", examples=["ok"])


class Readiness(Document):
    """The service can work."""

    ready: Literal[True] = Field(default=True, description="Always true: else the answer is 503.", examples=[True])
    missing: list[str] = Field(
        default_factory=list,
        description="What is missing all the same, without which calls are answered but runs wait.",
        examples=[["a worker"]],
    )
