"""How fast runs of experiments and batches are, and how long the others will take at this pace."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, case, func, select

from coverplan.store.schema import runs

_ENDED = ("completed", "failed")


@dataclass(frozen=True)
class Pace:
    """Seconds of the runs of an experiment or a batch."""

    mean_s: float | None = None
    """Of those that have ended, on average; None: none has."""
    elapsed_s: float = 0.0
    """Of those that are running, together."""

    def left_s(self, queued: int, running: int) -> float | None:
        """Seconds until all have ended, if as many go on side by side as now; None: not to be told."""
        if not queued and not running:
            return 0.0
        if not running or self.mean_s is None:
            return None
        return round((queued * self.mean_s + max(0.0, running * self.mean_s - self.elapsed_s)) / running, 1)


def paces(connection: Connection, owner: Column[Any], owner_ids: Sequence[str]) -> dict[str, Pace]:
    """The pace of each; `owner` is the column of runs that says whose they are."""
    if not owner_ids:
        return {}
    mean_s = func.avg(case((runs.c.job_status.in_(_ENDED), runs.c.ended_at - runs.c.started_at)))
    elapsed_s = func.sum(case((runs.c.job_status == "running", time.time() - runs.c.started_at)))
    wanted = select(owner, mean_s, elapsed_s).where(owner.in_(owner_ids), runs.c.deleted.is_(False)).group_by(owner)
    return {owner_id: Pace(mean, elapsed or 0.0) for owner_id, mean, elapsed in connection.execute(wanted)}
