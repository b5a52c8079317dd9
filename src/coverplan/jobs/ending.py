"""How runs end, and how that is written down: plan first, then one transaction that only the right attempt passes."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import RowMapping

from coverplan.jobs.patience import at_last
from coverplan.metrics import note_run_ended
from coverplan.payload.plan import Assignment, Uncovered
from coverplan.store import paths, runs
from coverplan.store.store import Store

if TYPE_CHECKING:
    from coverplan.jobs.place import Place

_MOST_ERRORS = 20
_SMALL = 1 << 16
"""Bytes that are parsed faster than a thread is woken."""
MAX_SEATS_IN_JSON = 20_000
"""Of a dataset's plan; a longer one has its seats in a table only."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Ending:
    """A final status, with what the table of runs says of the plan, or with the error."""

    status: str
    error: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

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


async def kept(store: Store, row: RowMapping, plan: bytes, table: Path | None) -> Ending:
    """The ending of a run whose solve has answered, be it that there is no plan; the answer goes to the store.

    A store that does not take it is waited for: a full disk may have room again in a while.
    """
    run_id, attempt = row["id"], row["attempt"]
    plan = plan.replace(b'"run_id":null', f'"run_id":{json.dumps(run_id)}'.encode(), 1)
    facts: dict[str, Any] = {"plan_path": paths.plan(run_id, attempt), "phase": "done"}
    facts |= told_of(plan) if len(plan) < _SMALL else await asyncio.to_thread(told_of, plan)
    size = 0
    if table is not None:
        facts["table_path"] = paths.seats(run_id, attempt)
        size = table.stat().st_size
        plan = await asyncio.to_thread(with_seats, plan, table)
    if table is not None:
        await at_last(lambda: store.blobs.put_file(facts["table_path"], table))
    await at_last(lambda: store.blobs.put(facts["plan_path"], plan))
    return Ending(runs.COMPLETED, facts={**facts, "plan_bytes": len(plan) + size})


async def write(place: Place, row: RowMapping, ended: Ending) -> None:
    """Write down how a run ended; nothing happens where another attempt counts by now."""
    over = {"job_status": ended.status, "error": ended.error, "expires_at": time.time() + row["retention_s"]}
    ended_row = await place.end(runs.End(row["id"], row["attempt"], {**ended.facts, **over}))
    if ended_row is not None:
        note_run_ended(ended.status, ended_row["solution_status"])
        gap, error = ended.facts.get("gap"), (ended.error or {}).get("code")
        log.info("run ended", job_status=ended.status, gap=gap, error=error)


def with_seats(plan: bytes, table: Path) -> bytes:
    """The plan of a dataset with its seats, where they are few enough for a document."""
    import polars as pl  # noqa: PLC0415 - for datasets only

    if pl.scan_parquet(table).select(pl.len()).collect().item() > MAX_SEATS_IN_JSON:
        return plan
    document = json.loads(plan)
    seats = pl.read_parquet(table)
    covered = seats.filter(pl.col("rep_id").is_not_null()).select(list(Assignment.model_fields))
    uncovered = seats.filter(pl.col("rep_id").is_null()).select(list(Uncovered.model_fields))
    whole = {**document, "assignments": covered.to_dicts(), "uncovered": uncovered.to_dicts()}
    return json.dumps(whole, default=dt.date.isoformat).encode()


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
