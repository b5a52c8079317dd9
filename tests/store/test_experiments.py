"""The tables of experiments: who may add cells, which cells there are, and when all of it is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, RowMapping, insert, update

from coverplan.payload.webhooks import ALL_KINDS
from coverplan.store import cells, deliveries, experiments, quotas, runs, webhooks
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.schema import runs as run_table
from coverplan.store.schema import workers

FACTS: dict[str, Any] = {"id": "exp-1", "tenant": "acme", "request_path": "p", "request_bytes": 7, "retention_s": 0.0}
RUN: dict[str, Any] = {
    "tenant": "acme",
    "retention_s": 60.0,
    "request_path": "p",
    "request_hash": "h",
    "time_limit_s": 1.0,
    "experiment_id": "exp-1",
}


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A transaction, with a living worker `w1` and an experiment."""
    database = Database.open(database_url)
    migrate(database)
    with database.begin() as connection:
        row = {"lock_key": 1, "host": "here", "started_at": 0.0}
        connection.execute(insert(workers), [{"id": "w1", **row}])
        experiments.add(connection, FACTS)
        yield connection
    database.close()


def _claimed(connection: Connection, worker: str = "w1") -> RowMapping:
    row = experiments.claim(connection, "exp-1", worker)
    assert row is not None
    return row


def _cell(key: str, place: float, run_id: str | None = None) -> dict[str, Any]:
    return {"key": key, "place": place, "problem": 0, "details": {"labels": [key]}, "run_id": run_id}


def _run(connection: Connection, run_id: str, **facts: Any) -> None:
    runs.add(connection, {**RUN, "id": run_id})
    if facts:
        connection.execute(update(run_table).where(run_table.c.id == run_id).values(**facts))


def test_one_worker_at_a_time_until_it_is_gone(connection: Connection) -> None:
    """`w1` is registered and keeps it; `w2` is not, so anybody may take over, and `w2` is fenced."""
    first = _claimed(connection)
    assert experiments.next_due(connection) is None
    assert experiments.claim(connection, "exp-1", "w2") is None
    experiments.leave(connection, first)
    lost = _claimed(connection, "w2")
    second = _claimed(connection)

    assert second["stage"] == lost["stage"] + 1
    assert not experiments.keep(connection, lost, pending=False)
    assert not experiments.end(connection, lost, {"job_status": "completed"})
    assert experiments.keep(connection, second, pending=False)


def test_it_is_due_once_all_its_runs_have_ended(connection: Connection) -> None:
    """With nothing pending, an open run keeps it waiting."""
    row = _claimed(connection)
    _run(connection, "run-1")
    experiments.keep(connection, row, pending=False, worker=None)
    assert experiments.next_due(connection) is None
    connection.execute(update(run_table).values(job_status="completed"))

    assert experiments.next_due(connection) == "exp-1"


def test_a_cell_gets_one_run(connection: Connection) -> None:
    """Added twice it is there once, at its latest place, and its run stays."""
    cells.add(connection, "exp-1", [_cell("a", 0.0), _cell("b", 1.0)])
    _run(connection, "run-1")

    assert cells.give_run(connection, "exp-1", "a", "run-1")
    assert not cells.give_run(connection, "exp-1", "a", "run-2")
    cells.add(connection, "exp-1", [_cell("a", 5.0)])
    found = [(row["key"], row["place"], row["run_id"], row["job_status"]) for row in cells.every(connection, "exp-1")]
    assert found == [("b", 1.0, None, None), ("a", 5.0, "run-1", "queued")]
    assert [row["key"] for row in cells.page(connection, "exp-1", 1, 1)] == ["a"]
    assert cells.counts(connection, ["exp-1"])["exp-1"] == {**dict.fromkeys(cells.COUNTED, 0), "queued": 2}


def test_the_nearest_ended_cells_come_first(connection: Connection) -> None:
    """Places 0, 1, 2, 4 and 8; of 2: 1, 0 (at 2) and 4 (at 2), then 8, which is one too many; `x` has no plan."""
    cells.add(
        connection, "exp-1", [_cell(name, place) for name, place in zip("abcdex", (0, 1, 2, 4, 8, 2), strict=True)]
    )
    for name in "abcdex":
        plan = {} if name == "x" else {"plan_path": f"{name}.json", "objective_value": 1.0}
        _run(connection, f"run-{name}", job_status="running" if name == "c" else "completed", **plan)
        cells.give_run(connection, "exp-1", name, f"run-{name}")

    assert [row["id"] for row in cells.nearest(connection, "run-c", 3)] == ["run-b", "run-a", "run-d"]
    assert cells.nearest(connection, "run-of-no-cell", 3) == []
    assert [row["plan_path"] for row in cells.at(connection, "exp-1", "e")] == ["e.json"]
    assert all(cells.at(connection, "exp-1", name) == [] for name in "cxy")  # at work, without a plan, not there


def test_resumed_cells_wait_for_a_new_run(connection: Connection) -> None:
    """Cancelled, failed, about to be cancelled, deleted: again; completed and running ones stay."""
    endings: dict[str, dict[str, Any]] = {
        "a": {"job_status": "completed"},
        "b": {"job_status": "cancelled"},
        "c": {"job_status": "failed"},
        "d": {"job_status": "running", "wish": "cancel"},
        "e": {"job_status": "completed", "deleted": True},
        "f": {"job_status": "running"},
    }
    cells.add(connection, "exp-1", [_cell(name, 0.0) for name in endings])
    for name, facts in endings.items():
        _run(connection, f"run-{name}", **facts)
        cells.give_run(connection, "exp-1", name, f"run-{name}")
    experiments.stop(connection, "acme", "exp-1")
    experiments.resume(connection, "acme", "exp-1")

    waiting = {row["key"] for row in cells.every(connection, "exp-1") if row["run_id"] is None}
    assert waiting == set("bcde")
    assert experiments.next_due(connection) == "exp-1"


WEBHOOK = {"url": "https://hooks.example.com/", "kinds": ALL_KINDS, "include_parts": True}


def _told(connection: Connection, webhook: RowMapping) -> list[str]:
    return sorted(row["kind"] for row in deliveries.log(connection, webhook["id"], 100, None))


def test_each_end_is_told_once(connection: Connection) -> None:
    """Completed, extended and stopped, resumed and failed; a second stop and a worker that was lost tell nothing."""
    webhook = webhooks.add(connection, "acme", WEBHOOK)
    webhooks.add(connection, "another", WEBHOOK)
    assert experiments.end(connection, _claimed(connection), {"job_status": "completed"})
    experiments.stop(connection, "acme", "exp-1")
    assert _told(connection, webhook) == ["experiment.completed"]

    row = experiments.get(connection, "acme", "exp-1")
    assert row is not None
    assert experiments.extend(connection, row, {})
    experiments.stop(connection, "acme", "exp-1")
    experiments.stop(connection, "acme", "exp-1")
    assert _told(connection, webhook) == ["experiment.cancelled", "experiment.completed"]

    experiments.resume(connection, "acme", "exp-1")
    lost, held = _claimed(connection, "w2"), _claimed(connection)
    assert experiments.end(connection, held, {"job_status": "failed"})
    assert not experiments.end(connection, lost, {"job_status": "completed"})
    assert _told(connection, webhook) == ["experiment.cancelled", "experiment.completed", "experiment.failed"]


def test_an_end_that_is_rolled_back_is_not_told(connection: Connection) -> None:
    """End and message are one: the end that counts makes the one message."""
    webhook = webhooks.add(connection, "acme", WEBHOOK)
    row = _claimed(connection)
    killed = connection.begin_nested()
    assert experiments.end(connection, row, {"job_status": "completed"})
    killed.rollback()
    assert _told(connection, webhook) == []

    assert experiments.end(connection, row, {"job_status": "completed"})
    assert _told(connection, webhook) == ["experiment.completed"]


def test_the_ends_of_an_experiment_and_of_its_cells_are_told_apart(connection: Connection) -> None:
    """Stopped with one cell cancelled, and one that waits."""
    webhook = webhooks.add(connection, "acme", WEBHOOK)
    cells.add(connection, "exp-1", [_cell("a", 0.0, "run-1"), _cell("b", 1.0)])
    _run(connection, "run-1")
    runs.cancel_queued(connection, "acme", "run-1")
    experiments.stop(connection, "acme", "exp-1")

    rows = {row["kind"]: row for row in deliveries.log(connection, webhook["id"], 100, None)}
    assert {kind: (row["run_id"], row["experiment_id"]) for kind, row in rows.items()} == {
        "run.cancelled": ("run-1", None),
        "experiment.cancelled": (None, "exp-1"),
    }
    bodies = {kind: json.loads(row["body"]) for kind, row in rows.items()}
    assert bodies["run.cancelled"]["run"]["experiment_id"] == "exp-1"
    told = bodies["experiment.cancelled"]
    assert (told["experiment_id"], told["run_id"], told["run"]) == ("exp-1", None, None)
    assert told["experiment"]["job_status"] == "cancelled"
    assert told["experiment"]["cells"] == {"queued": 1, "running": 0, "completed": 0, "failed": 0, "cancelled": 1}


def test_an_extension_counts_once(connection: Connection) -> None:
    """The second call with the same version changes nothing."""
    row = experiments.get(connection, "acme", "exp-1")
    assert row is not None

    assert experiments.extend(connection, row, {"request_path": "q"})
    assert not experiments.extend(connection, row, {"request_path": "r"})
    found = experiments.get(connection, "acme", "exp-1")
    assert found is not None
    assert (found["version"], found["request_path"]) == (2, "q")
    assert experiments.get(connection, "another", "exp-1") is None


def test_runs_live_as_long_as_their_experiment(connection: Connection) -> None:
    """Past their own time they stay; once the experiment's is over (0 s here), they go, then it goes."""
    _run(connection, "run-1", job_status="completed", expires_at=1.0)
    assert list(runs.to_erase(connection, 2.0, 10)) == []
    assert experiments.end(connection, _claimed(connection), {"job_status": "completed", "results_bytes": 5})
    assert quotas.stored_bytes(connection, "acme") == 12

    experiments.expire(connection, 10)

    assert experiments.gone(connection, 10) == []
    assert list(runs.to_erase(connection, 2.0, 10)) == ["run-1"]
    runs.erase(connection, ["run-1"])
    assert list(experiments.gone(connection, 10)) == ["exp-1"]
    experiments.erase(connection, "exp-1")
    assert experiments.gone(connection, 10) == []
