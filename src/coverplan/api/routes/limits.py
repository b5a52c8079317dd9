"""The limits of this service."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.state import Configured
from coverplan.payload.base import Document
from coverplan.payload.issues import MAX_ISSUES

router = APIRouter(prefix="/v1/limits", tags=["the service"])


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
        description="Stored bytes of a tenant beyond which a key without an own limit adds none; null: any number.",
        examples=[100000000000],
    )
    max_issues: int = Field(description="Issues in one answer; all are counted.", examples=[1000])


@router.get("", summary="Show the limits", responses=error_responses(), dependencies=[accepts(JSON)])
async def show_limits(settings: Configured) -> Limits:
    """The limits in force."""
    known = {name: getattr(settings, name) for name in Limits.model_fields if name != "max_issues"}
    return Limits(max_issues=MAX_ISSUES, **known)
