"""How runs end, and how that is written down: plan first, then one transaction that only the right attempt passes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, RowMapping

from coverplan.metrics import note_run_ended
from coverplan.store import paths, runs
from coverplan.store.blobs import BlobLostError

if TYPE_CHECKING:
    from coverplan.jobs.attempt import Place

_STORE_TRIES = 8
_STORE_PAUSE_S = 0.5
_MOST_ERRORS = 20

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ending:
    """A final status, with the plan or the error."""

    status: str
    plan: bytes | None = None
    error: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def completed(cls, plan: bytes) -> Ending:
        """There is an answer, be it that there is no plan."""
        return cls(runs.COMPLETED, plan)

    @classmethod
    def cancelled(cls) -> Ending:
        """Its caller wants it no more."""
        return cls(runs.CANCELLED)

    @classmethod
    def failed(cls, code: str, message: str) -> Ending:
        """There is no answer."""
        return cls(runs.FAILED, error={"code": code, "message": message, "errors": [], "total_errors": 0})

    @classmethod
    def invalid(cls, errors: Sequence[Mapping[str, Any]], total: int) -> Ending:
        """The request contradicts itself."""
        shown = list(errors[:_MOST_ERRORS])
        message = errors[0]["message"] if errors else "The request has errors."
        return cls(runs.FAILED, error={"code": "invalid", "message": message, "errors": shown, "total_errors": total})


async def write(place: Place, row: RowMapping, ended: Ending) -> None:
    """Write down how a run ended; nothing happens where another attempt counts by now."""
    run_id, attempt = row["id"], row["attempt"]
    changes: dict[str, Any] = {"error": ended.error}
    if ended.plan is not None:
        plan = ended.plan.replace(b'"run_id":null', f'"run_id":{json.dumps(run_id)}'.encode(), 1)
        path = paths.plan(run_id, attempt)
        if await _stored(place, path, plan):
            told = await asyncio.to_thread(told_of, plan)
            changes |= {"plan_path": path, "plan_bytes": len(plan), "phase": "done", **told}
        else:
            ended = Ending.failed("storage_lost", "The plan could not be written to the store.")
            changes = {"error": ended.error}
    changes |= {"job_status": ended.status, "expires_at": time.time() + row["retention_s"]}

    def end(connection: Connection) -> RowMapping | None:
        return runs.end(connection, run_id, attempt, changes)

    ended_row = await place.write_at_last(end)
    if ended_row is not None:
        note_run_ended(ended.status, ended_row["solution_status"])
        log.info("run ended", job_status=ended.status, gap=changes.get("gap"), error=(ended.error or {}).get("code"))


async def _stored(place: Place, path: str, plan: bytes) -> bool:
    """Whether the store took the plan; a full disk may have room again in a while."""
    for attempt in range(_STORE_TRIES):
        try:
            await place.store.blobs.put(path, plan)
        except BlobLostError as error:
            log.error("the plan cannot be stored", reason=str(error))
            await asyncio.sleep(_STORE_PAUSE_S * 2**attempt)
        else:
            return True
    return False


def told_of(plan: bytes) -> dict[str, Any]:
    """What the table of runs says of a plan document."""
    document = json.loads(plan)
    objective = document["objective"]
    return {
        "solution_status": document["solution_status"],
        "objective_value": None if objective is None else objective["value"],
        "dual_bound": document["dual_bound"],
        "gap": document["gap"],
        "stopped_by": document["stopped_by"],
    }
