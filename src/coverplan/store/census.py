"""How much waits and runs, over all tenants: for operators, not for callers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from coverplan.store.schema import deliveries, runs


@dataclass(frozen=True)
class Census:
    """Numbers of one moment."""

    queued: int
    running: int
    oldest_queued_at: float | None
    pending_deliveries: int


def take_census(connection: Connection) -> Census:
    """Count what is open; the ended is not looked at."""
    open_runs = (
        select(runs.c.job_status, func.count(), func.min(runs.c.created_at))
        .where(runs.c.job_status.in_(("queued", "running")))
        .group_by(runs.c.job_status)
    )
    found = {status: (number, oldest) for status, number, oldest in connection.execute(open_runs)}
    waiting = select(func.count()).select_from(deliveries).where(deliveries.c.status == "pending")
    queued, oldest = found.get("queued", (0, None))
    running, _ = found.get("running", (0, None))
    return Census(queued, running, oldest, connection.execute(waiting).scalar_one())
