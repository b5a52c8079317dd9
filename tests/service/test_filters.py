"""Filters of all lists, on both databases: each list under a filter has what the whole list has of it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from coverplan.store import schema
from coverplan.store.database import Database
from coverplan.store.ids import earliest_id
from coverplan.store.migrate import migrate
from support.postgres import Postgres
from support.service import InProcess, in_process

NOW = float(int(time.time()))
DAY_S = 86400.0
NAMES = ["north", "north 2", "North", "south", None]
RUN = {"retention_s": 1.0, "request_path": "p", "request_hash": "h", "time_limit_s": 1.0}
QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = "queued", "running", "completed", "failed", "cancelled"
MIXTURES = [
    (False, []),
    (True, []),
    (True, [QUEUED, QUEUED]),
    (False, [QUEUED]),
    (True, [QUEUED, COMPLETED]),
    (True, [RUNNING, COMPLETED]),
    (True, [COMPLETED, CANCELLED, FAILED]),
    (False, [COMPLETED]),
    (True, [CANCELLED, CANCELLED]),
    (True, [QUEUED, CANCELLED]),
    (True, [FAILED]),
]
"""Whether a batch takes no more lines, and how far its runs are; an experiment has such cells too."""


class Rows:
    """Rows of one tenant, a day between each and the next."""

    def __init__(self, database: Database) -> None:
        self._database, self._made = database, 0

    def add(self, table: Any, prefix: str, **facts: Any) -> str:
        """A row with an id that fits its time."""
        at = NOW - DAY_S * self._made
        self._made += 1
        own = f"{earliest_id(prefix, at)}{self._made:016x}"
        with self._database.begin() as connection:
            connection.execute(insert(table).values(**{"id": own, "tenant": "default", "created_at": at, **facts}))
        return own

    def put(self, table: Any, **facts: Any) -> None:
        """A row without an id of its own."""
        with self._database.begin() as connection:
            connection.execute(insert(table).values(**facts))


def fill(database: Database) -> str:
    """Some of everything; returns the id of a webhook."""
    rows = Rows(database)
    for name in NAMES:
        for status in (QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED):
            run_id = rows.add(schema.runs, "run", name=name, job_status=status, **RUN)
            for tag in ("emea", status):
                rows.put(schema.run_tags, run_id=run_id, tag=tag)
        for status in ("open", QUEUED, COMPLETED):
            rows.add(schema.datasets, "ds", name=name, job_status=status, head={}, tables={})
    for number, (closed, statuses) in enumerate(MIXTURES):
        name = NAMES[number % len(NAMES)]
        batch_id = rows.add(schema.batches, "batch", name=name, closed=closed, read_at=NOW, lines=2)
        told = COMPLETED if closed and number % 2 else RUNNING
        facts = {"request_path": "p", "retention_s": 1.0, "job_status": told}
        experiment_id = rows.add(schema.experiments, "exp", name=name, **facts)
        for line, status in enumerate(statuses):
            rows.add(schema.runs, "run", job_status=status, batch_id=batch_id, batch_line=line, **RUN)
            run_id = rows.add(schema.runs, "run", job_status=status, experiment_id=experiment_id, **RUN)
            cell = {"key": f"k{line}", "place": 0.0, "problem": 0, "details": {}, "run_id": run_id}
            rows.put(schema.experiment_cells, experiment_id=experiment_id, **cell)
        hidden = {"batch_id": batch_id, "batch_line": 9, "experiment_id": experiment_id, "deleted": True}
        rows.add(schema.runs, "run", job_status=RUNNING, **hidden, **RUN)
    policy = {"tenant": "default", "document": {"constraints": []}, "content_hash": "h"}
    for number, name in enumerate(("north", "north 2", "North", "south")):
        for version in (1, 2):
            at = NOW - DAY_S * (number + 3 - version)
            rows.put(schema.policies, name=name, version=version, created_at=at, **policy)
    webhook = {"url": "https://example.com", "secret": "s"}
    rows.add(schema.webhooks, "wh", kinds=["run.failed"], **webhook)
    webhook_id = rows.add(schema.webhooks, "wh", kinds=["run.failed", "run.completed"], **webhook)
    for status in ("pending", "delivered", "failed"):
        for kind, about in (("run.failed", {"run_id": "run-1"}), ("experiment.failed", {"experiment_id": "exp-1"})):
            at = NOW - DAY_S * len(status)
            facts = {"kind": kind, "status": status, "body": "{}", "created_at": at, "attempts": 1, **about}
            rows.put(schema.deliveries, id=f"{earliest_id('del', at)}{hash_of(kind)}", webhook_id=webhook_id, **facts)
    return webhook_id


def hash_of(kind: str) -> str:
    """The rest of an id."""
    return f"{len(kind):016x}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[InProcess, str]]:
    folder: Path = tmp_path_factory.mktemp("lists")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'coverplan.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.database()
    database = Database.open(url)
    migrate(database)
    webhook_id = fill(database)
    database.close()
    with in_process(url, folder) as client:
        yield client, webhook_id


def items(client: InProcess, path: str, **wanted: str) -> list[dict[str, Any]]:
    """All items of a list, by pages of three."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.request("GET", path, params={"limit": "3", **wanted, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def when(item: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(item["created_at"])


LISTS = ["runs", "batches", "datasets", "experiments", "policies", "webhooks"]
NAMED = LISTS[:5]
STATUSES = {"runs": "job_status", "batches": "job_status", "datasets": "job_status", "experiments": "job_status"}


@pytest.mark.parametrize("name", NAMED)
def test_by_name_and_by_its_beginning(filled: tuple[InProcess, str], name: str) -> None:
    client, path = filled[0], f"/v1/{name}"
    every = items(client, path)

    assert items(client, path, name="north") == [one for one in every if one["name"] == "north"] != []
    found = items(client, path, name_prefix="nor")
    assert found == [one for one in every if (one["name"] or "").startswith("nor")]
    assert 0 < len(found) < len(every)
    assert items(client, path, name="north", name_prefix="s") == []


@pytest.mark.parametrize("name", LISTS)
def test_by_time(filled: tuple[InProcess, str], name: str) -> None:
    """From is included, to is not; a time zone counts."""
    client, path = filled[0], f"/v1/{name}"
    every = items(client, path)
    times = sorted(when(one) for one in every)
    middle = times[len(times) // 2]
    elsewhere = middle.astimezone(dt.timezone(dt.timedelta(hours=5))).isoformat()

    later = items(client, path, created_from=elsewhere)
    earlier = items(client, path, created_to=middle.isoformat())
    assert later == [one for one in every if when(one) >= middle] != []
    assert earlier == [one for one in every if when(one) < middle] != []
    assert items(client, path, created_from="2027-01-01", created_to="2026-01-01") == []


@pytest.mark.parametrize("name", STATUSES)
def test_by_status_as_it_is_shown(filled: tuple[InProcess, str], name: str) -> None:
    client, path, field = filled[0], f"/v1/{name}", STATUSES[name]
    every = items(client, path)
    statuses = {one[field] for one in every}
    assert len(statuses) >= 3

    for status in statuses:
        assert items(client, path, status=status) == [one for one in every if one[field] == status]
    assert client.request("GET", path, params={"status": "nonsense"}).status_code == 422


def test_runs_by_tag(filled: tuple[InProcess, str]) -> None:
    client = filled[0]
    every = items(client, "/v1/runs")

    assert len(items(client, "/v1/runs", tag="emea")) == 25
    assert items(client, "/v1/runs", tag="failed", name_prefix="north") == [
        one for one in every if "failed" in one["tags"] and (one["name"] or "").startswith("north")
    ]


def test_webhooks_by_what_they_are_told_of(filled: tuple[InProcess, str]) -> None:
    client = filled[0]

    assert len(items(client, "/v1/webhooks", kind="run.failed")) == 2
    assert [one["id"] for one in items(client, "/v1/webhooks", kind="run.completed")] == [filled[1]]
    assert items(client, "/v1/webhooks", kind="experiment.failed") == []


def test_deliveries(filled: tuple[InProcess, str]) -> None:
    client, path = filled[0], f"/v1/webhooks/{filled[1]}/deliveries"
    every = items(client, path)
    assert len(every) == 6

    for wanted in ({"status": "failed"}, {"kind": "run.failed"}, {"run_id": "run-1"}, {"experiment_id": "exp-1"}):
        ((field, value),) = wanted.items()
        found = items(client, path, **wanted)
        assert found == [one for one in every if one[field] == value] != every
    assert len(items(client, path, status="failed", kind="run.failed")) == 1
    assert len(items(client, path, created_from=every[2]["created_at"])) == 4


def test_a_cursor_is_a_place_in_the_list_whatever_the_filter(filled: tuple[InProcess, str]) -> None:
    """A page of all, then those of one name that follow."""
    client = filled[0]
    every = items(client, "/v1/runs")
    first = client.request("GET", "/v1/runs", params={"limit": "7"}).json()

    after = client.request("GET", "/v1/runs", params={"limit": "200", "name": "south", "cursor": first["next_cursor"]})
    assert after.json()["items"] == [one for one in every[7:] if one["name"] == "south"] != []
