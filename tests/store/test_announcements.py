"""Which webhooks are told of what: by kind, part, name and tag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from coverplan.payload.webhooks import ALL_KINDS
from coverplan.store import announcements, batches, datasets, deliveries, runs, webhooks
from coverplan.store.announcements import News
from coverplan.store.database import Database
from coverplan.store.migrate import migrate


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database.open(database_url)
    migrate(database)
    with database.begin() as connection:
        yield connection
    database.close()


def listen(connection: Connection, **facts: Any) -> Any:
    return webhooks.add(connection, "acme", {"url": "https://hooks.example.com/", "kinds": ALL_KINDS, **facts})


def told(connection: Connection, webhook: Any) -> list[str]:
    rows = deliveries.log(connection, webhook["id"], 100, None)
    return sorted(str(row["run_id"] or row["batch_id"] or row["dataset_id"] or row["experiment_id"]) for row in rows)


def run(connection: Connection, run_id: str, tags: tuple[str, ...] = (), **facts: Any) -> None:
    row = {"id": run_id, "tenant": "acme", "retention_s": 60.0, "request_path": "p", "request_hash": "h"}
    runs.add(connection, {**row, "time_limit_s": 1.0, **facts}, tags)


def end(connection: Connection, *run_ids: str) -> None:
    runs.claim_all(connection, run_ids, "w")
    runs.end_all(connection, [runs.End(run_id, 1, {"job_status": "completed"}) for run_id in run_ids])


def test_parts_are_told_to_those_that_ask(connection: Connection) -> None:
    """One that an earlier version made says nothing of parts: it is told of them, as it was."""
    whole, parts = listen(connection), listen(connection, include_parts=True)
    earlier = listen(connection, include_parts=None)
    run(connection, "run-1")
    run(connection, "run-2", experiment_id="exp-1")
    end(connection, "run-1", "run-2")

    assert told(connection, whole) == ["run-1"]
    assert told(connection, parts) == told(connection, earlier) == ["run-1", "run-2"]


def test_names_and_tags_choose(connection: Connection) -> None:
    """Both must fit where both are given; a batch has the tags of its runs, a dataset has none."""
    named, tagged = listen(connection, names=["north", "nightly"]), listen(connection, tags=["eu", "us"])
    both = listen(connection, names=["north"], tags=["eu"])
    run(connection, "run-1", ("eu", "x"), name="north")
    run(connection, "run-2", ("us",), name="south")
    run(connection, "run-3", name="north")
    end(connection, "run-1", "run-2", "run-3")
    batches.begin(connection, {"id": "batch-1", "tenant": "acme", "name": "nightly", "key": None}, "r")
    assert batches.take(connection, "batch-1", "r", {"lines": 1, "accepted": 1, "digest": "d"}, [])
    run(connection, "run-4", ("us",), batch_id="batch-1", batch_line=1)
    end(connection, "run-4")
    batches.leave(connection, "batch-1", "r", close=True, expires_at=1e12)
    checked(connection, "ds-1", name="north")

    assert told(connection, named) == ["batch-1", "ds-1", "run-1", "run-3"]
    assert told(connection, tagged) == ["batch-1", "run-1", "run-2"]
    assert told(connection, both) == ["run-1"]


def checked(connection: Connection, dataset_id: str, attempt: int = 1, **facts: Any) -> bool:
    row = {"id": dataset_id, "tenant": "acme", "job_status": "queued", "head": {}}
    datasets.add(connection, {**row, **facts})
    assert datasets.claim(connection, dataset_id, 10.0) is not None
    report = {"error": {"code": "worker_lost", "message": "Lost."}, "errors": []}
    return datasets.end(connection, dataset_id, attempt, {"job_status": "failed", "valid": None, "report": report})


def test_a_check_is_told_once_by_the_attempt_that_counts(connection: Connection) -> None:
    webhook = listen(connection)
    assert not checked(connection, "ds-1", attempt=2)
    assert told(connection, webhook) == []
    facts = {"job_status": "completed", "valid": False, "total_errors": 3, "report": {"errors": []}}
    assert datasets.end(connection, "ds-1", 1, facts)
    assert not datasets.end(connection, "ds-1", 1, facts)

    [row] = deliveries.log(connection, webhook["id"], 10, None)
    event = json.loads(row["body"])
    assert (event["kind"], event["dataset_id"], event["run_id"]) == ("dataset.checked", "ds-1", None)
    assert (event["dataset"]["valid"], event["dataset"]["total_errors"], event["dataset"]["error"]) == (False, 3, None)


def test_a_dataset_that_is_gone_is_not_told(connection: Connection) -> None:
    webhook = listen(connection)
    datasets.add(connection, {"id": "ds-1", "tenant": "acme", "job_status": "queued", "head": {}})
    assert datasets.claim(connection, "ds-1", 10.0) is not None
    assert datasets.remove(connection, "acme", "ds-1")

    assert not datasets.end(connection, "ds-1", 1, {"job_status": "completed", "valid": True})
    assert told(connection, webhook) == []


def test_what_a_check_that_was_given_up_says(connection: Connection) -> None:
    webhook = listen(connection)
    assert checked(connection, "ds-1")

    [row] = deliveries.log(connection, webhook["id"], 10, None)
    assert json.loads(row["body"])["dataset"]["error"]["code"] == "worker_lost"


def test_messages_of_runs_say_what_they_said_before(connection: Connection) -> None:
    """Receivers of an earlier version refuse fields that they do not know."""
    webhook = listen(connection)
    announcements.announce(connection, "acme", [News("run.completed", {"run_id": "run-1", "run": {"gap": 0.0}})])

    [row] = deliveries.log(connection, webhook["id"], 10, None)
    assert list(json.loads(row["body"])) == [
        "id",
        "kind",
        "created_at",
        "run_id",
        "run",
        "experiment_id",
        "experiment",
    ]


def test_a_version_before_can_show_every_webhook(connection: Connection) -> None:
    """It knows six kinds; those that came later stand apart."""
    webhook = listen(connection)

    assert webhook["kinds"] == ALL_KINDS[:6]
    assert webhooks.kinds_of(webhook) == ALL_KINDS
