"""How long the runs of an experiment or a batch will take."""

from __future__ import annotations

import time

import pytest

from coverplan.store import runs
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.pace import Pace, paces
from coverplan.store.schema import runs as table


def test_the_time_left_is_that_of_the_others_side_by_side() -> None:
    """Mean 5 s; four wait (20 s), two run since 4 s together (10 - 4 = 6 s): 26 s in two at a time = 13 s."""
    assert Pace(5.0, 4.0).left_s(queued=4, running=2) == 13.0
    assert Pace(5.0, 14.0).left_s(queued=4, running=2) == 10.0  # they take longer than most
    assert Pace(5.0, 0.0).left_s(queued=4, running=0) is None
    assert Pace(None, 4.0).left_s(queued=4, running=2) is None
    assert Pace(5.0, 4.0).left_s(queued=0, running=0) == 0.0


def test_the_pace_is_that_of_the_own_runs(database_url: str) -> None:
    """Ended after 2 and 4 s; one has begun 10 s ago; those of others, cancelled and deleted ones do not count."""
    database, now = Database.open(database_url), time.time()
    migrate(database)
    facts = {"tenant": "t", "retention_s": 1.0, "request_path": "p", "request_hash": "h", "time_limit_s": 1.0}
    told = {
        "a": ("batch-1", "completed", now - 9, now - 7, False),
        "b": ("batch-1", "failed", now - 9, now - 5, False),
        "c": ("batch-1", "running", now - 10, None, False),
        "d": ("batch-1", "cancelled", now - 100, now, False),
        "e": ("batch-1", "completed", now - 100, now, True),
        "f": ("batch-2", "completed", now - 50, now, False),
    }
    with database.begin() as connection:
        for run_id, (batch_id, status, began, over, deleted) in told.items():
            runs.add(connection, {"id": run_id, "batch_id": batch_id, **facts})
            values = {"job_status": status, "started_at": began, "ended_at": over, "deleted": deleted}
            connection.execute(table.update().where(table.c.id == run_id).values(**values))
    with database.read() as connection:
        found = paces(connection, table.c.batch_id, ["batch-1"])

    assert set(found) == {"batch-1"}
    assert found["batch-1"].mean_s == pytest.approx(3.0)
    assert found["batch-1"].elapsed_s == pytest.approx(10.0, abs=5)
    database.close()
