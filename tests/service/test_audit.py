"""The audit log, on both databases: one line for all that writes or destroys, written together with it."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import sqlalchemy as sa
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from coverplan.api.app import ROUTERS
from coverplan.payload.audit import Action
from coverplan.payload.keys import Scope
from coverplan.store import audit, schema
from coverplan.store.audit import By
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from support.api_keys import bearer, new_key
from support.batches import NDJSON, lines
from support.cells import tiny_experiment
from support.command import call
from support.deployment import POLICY, TINY
from support.service import InProcess, in_process

SECRET = "a secret name"
KEEPS_NOTHING = {"solve", "validate", "evaluate", "estimate_experiment"}
"""Calls that are posted and store nothing."""


@dataclass
class Acme:
    """A tenant's calls, all by one key, and what they have made."""

    client: InProcess
    secret: str
    key_id: str
    made: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer to a call under a request id of its own."""
        headers = {**bearer(self.secret), **request.pop("headers", {})}
        return self.client.request(method, path.format(**self.made), headers=headers, **request)

    def lines(self, **wanted: str) -> list[dict[str, Any]]:
        """Of the audit log, newest first."""
        answer = self.call("GET", "/v1/audit", params={"limit": "200", **wanted})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@dataclass(frozen=True)
class Step:
    """A call, and the line that it leaves; `keep`: which field of its answer is kept under which name."""

    operation: str
    method: str
    path: str
    action: Action
    resource: str
    request: dict[str, Any] = field(default_factory=dict)
    keep: tuple[str, str] | None = None


RUN = {"json": {**TINY, "name": SECRET, "tags": [SECRET]}}
EXPERIMENT = {"json": tiny_experiment([0.1], name=SECRET)}
NAMED = {"json": {"name": SECRET, "policy": POLICY}}
HOOK = {"json": {"url": "https://hooks.example/a-secret-place"}}
TABLE = {"content": b"".join(lines(TINY["problem"]["accounts"])), "headers": {"content-type": "application/x-ndjson"}}
PATCH = {"json": {"name": SECRET, "accounts": {"remove": ["a1"]}}}
BATCH = {"content": b"".join(lines([TINY] * 40)), "headers": NDJSON}
EXTENSION = {"json": {"seeds": [0, 3]}}
STEPS = [
    Step("submit_run", "POST", "/v1/runs", "run.submit", "{run}", RUN, ("run", "run_id")),
    Step("finish_run", "POST", "/v1/runs/{begun}/finish", "run.finish", "{begun}"),
    Step("cancel_run", "POST", "/v1/runs/{run}/cancel", "run.cancel", "{run}"),
    Step("delete_run", "DELETE", "/v1/runs/{run}", "run.delete", "{run}"),
    Step("submit_batch", "POST", f"/v1/batches?name={SECRET}", "batch.submit", "{batch}", BATCH, ("batch", "")),
    Step("cancel_batch", "POST", "/v1/batches/{batch}/cancel", "batch.cancel", "{batch}"),
    Step("delete_batch", "DELETE", "/v1/batches/{batch}", "batch.delete", "{batch}"),
    Step("submit_experiment", "POST", "/v1/experiments", "experiment.submit", "{exp}", EXPERIMENT, ("exp", "")),
    Step("stop_experiment", "POST", "/v1/experiments/{exp}/stop", "experiment.stop", "{exp}"),
    Step("resume_experiment", "POST", "/v1/experiments/{exp}/resume", "experiment.resume", "{exp}"),
    Step("extend_experiment", "POST", "/v1/experiments/{exp}/extend", "experiment.extend", "{exp}", EXTENSION),
    Step("delete_experiment", "DELETE", "/v1/experiments/{exp}", "experiment.delete", "{exp}"),
    Step("create_dataset", "POST", "/v1/datasets", "dataset.create", "{ds}", {"json": {"name": SECRET}}, ("ds", "")),
    Step("put_table", "PUT", "/v1/datasets/{ds}/tables/accounts", "dataset.put_table", "{ds}/accounts", TABLE),
    Step("commit_dataset", "POST", "/v1/datasets/{ds}/commit", "dataset.commit", "{ds}"),
    Step("patch_dataset", "POST", "/v1/datasets/{valid}/patch", "dataset.patch", "{new}", PATCH, ("new", "")),
    Step("delete_dataset", "DELETE", "/v1/datasets/{ds}", "dataset.delete", "{ds}"),
    Step("store_policy", "POST", "/v1/policies", "policy.store", f"{SECRET}, version 1", NAMED),
    Step("delete_policy", "DELETE", f"/v1/policies/{SECRET}", "policy.delete", SECRET),
    Step("add_webhook", "POST", "/v1/webhooks", "webhook.add", "{wh}", HOOK, ("wh", "")),
    Step("change_webhook", "PATCH", "/v1/webhooks/{wh}", "webhook.change", "{wh}", {"json": {"state": "paused"}}),
    Step("rotate_secret", "POST", "/v1/webhooks/{wh}/rotate", "webhook.rotate", "{wh}"),
    Step("try_webhook", "POST", "/v1/webhooks/{wh}/test", "webhook.test", "{wh}"),
    Step("remove_webhook", "DELETE", "/v1/webhooks/{wh}", "webhook.remove", "{wh}"),
    Step("create_key", "POST", "/v1/keys", "key.create", "{key}", {"json": {"name": SECRET}}, ("key", "")),
    Step("revoke_key", "DELETE", "/v1/keys/{key}", "key.revoke", "{key}"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database, and in it what only workers make: a run that has begun, and a dataset that is valid."""
    folder: Path = tmp_path_factory.mktemp("audit")
    found = f"sqlite:///{folder / 'coverplan.db'}"
    if request.param == "postgresql":
        found = request.getfixturevalue("postgres").database()
    database = Database.open(found)
    migrate(database)
    run = {"retention_s": 1.0, "request_path": "p", "request_hash": "h", "time_limit_s": 1.0, "job_status": "running"}
    facts = {"tenant": "acme", "created_at": time.time()}
    dataset = {"job_status": "completed", "valid": True, "content_hash": "h", "head": {}, "tables": {}}
    with database.begin() as connection:
        connection.execute(sa.insert(schema.runs).values(id="run-begun", **run, **facts))
        connection.execute(sa.insert(schema.datasets).values(id="ds-valid", **dataset, **facts))
    database.close()
    return found


@pytest.fixture(scope="module")
def acme(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    """A service without a worker."""
    secret = new_key(url, scopes=tuple(Scope))
    with in_process(url, tmp_path_factory.mktemp("data")) as client:
        (key,) = client.request("GET", "/v1/keys", headers=bearer(secret)).json()["items"]
        yield Acme(client, secret, key["id"], {"begun": "run-begun", "valid": "ds-valid"})


def test_every_call_that_writes_is_among_these() -> None:
    """Whoever adds one says here which line it leaves."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    writing = {route.name for route in routes if (route.methods or set()) - {"GET", "HEAD"}}

    assert writing - KEEPS_NOTHING == {step.operation for step in STEPS}
    assert {step.action for step in STEPS} == set(get_args(Action))


def test_each_leaves_one_line_that_says_who_what_and_when(acme: Acme) -> None:
    """In order, as each makes what the next needs; a batch of 40 runs is one line. Nothing of the content is in it."""
    secrets: list[str] = []
    for number, step in enumerate(STEPS):
        before, request_id = len(acme.lines()), f"call-{number}"
        began = dt.datetime.now(dt.UTC)
        request = {**step.request, "headers": {**step.request.get("headers", {}), "X-Request-ID": request_id}}
        answer = acme.call(step.method, step.path, **request)
        assert answer.is_success, (step, answer.text)
        if step.keep is not None:
            acme.made[step.keep[0]] = answer.headers["location"].rsplit("/", 1)[1]
        if step.operation in ("add_webhook", "rotate_secret", "create_key"):
            secrets.append(answer.json()["secret"])
        found = acme.lines()
        assert len(found) == before + 1, (step, found[:3])
        line = found[0]
        assert line["resource"] == step.resource.format(**acme.made)
        assert abs(dt.datetime.fromisoformat(line["created_at"]) - began) < dt.timedelta(minutes=2)
        del line["id"], line["resource"], line["created_at"]
        assert line == {
            "tenant": "acme",
            "key_id": acme.key_id,
            "action": step.action,
            "request_id": request_id,
            "address": "127.0.0.1",
        }
    text = json.dumps([line for line in acme.lines() if not line["action"].startswith("policy.")])
    assert not any(word in text for word in (SECRET, "a-secret-place", *secrets))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/runs/{run}/cancel"),
        ("DELETE", "/v1/runs/{run}"),
        ("DELETE", "/v1/datasets/ds-none"),
        ("DELETE", "/v1/webhooks/wh-none"),
        ("DELETE", "/v1/keys/{key}"),
        ("POST", "/v1/batches/{batch}/cancel"),
        ("POST", "/v1/experiments/{exp}/stop"),
        ("POST", "/v1/policies"),
    ],
)
def test_what_changes_nothing_leaves_no_line(acme: Acme, method: str, path: str) -> None:
    """What is gone, was over before, or is said again."""
    ended = acme.call("POST", "/v1/runs", json=TINY).json()["run_id"]
    acme.call("POST", f"/v1/runs/{ended}/cancel")
    acme.call("POST", "/v1/policies", **NAMED)
    before = acme.lines()

    acme.call(method, path.replace("{run}/cancel", f"{ended}/cancel"), **(NAMED if "policies" in path else {}))

    assert acme.lines() == before


def test_a_repeated_call_leaves_no_second_line(acme: Acme) -> None:
    key = {"headers": {"Idempotency-Key": f"k-{time.time_ns()}"}}
    answers = [acme.call("POST", "/v1/runs", json=TINY, **key) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert len(acme.lines(resource=answers[0].json()["run_id"])) == 1


def test_without_the_line_nothing_is_written(acme: Acme, url: str) -> None:
    """Both or neither: while the log takes no line, no call that writes does."""
    run_id = acme.call("POST", "/v1/runs", json=TINY).json()["run_id"]
    webhook_id = acme.call("POST", "/v1/webhooks", **HOOK).json()["id"]
    lists = ("/v1/runs", "/v1/batches", "/v1/experiments", "/v1/datasets", "/v1/policies", "/v1/webhooks", "/v1/keys")
    before = {path: acme.call("GET", path).json() for path in lists}
    lines_before = acme.lines()
    database = Database.open(url)
    with database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit_lines RENAME TO audit_lines_away"))
    try:
        for method, path, request in (
            ("POST", "/v1/runs", RUN),
            ("POST", f"/v1/runs/{run_id}/cancel", {}),
            ("DELETE", f"/v1/runs/{run_id}", {}),
            ("POST", "/v1/batches", BATCH),
            ("POST", "/v1/experiments", EXPERIMENT),
            ("POST", "/v1/datasets", {"json": {}}),
            ("POST", "/v1/policies", {"json": {"name": "another", "policy": POLICY}}),
            ("DELETE", f"/v1/webhooks/{webhook_id}", {}),
            ("POST", "/v1/webhooks", HOOK),
            ("POST", "/v1/keys", {"json": {}}),
        ):
            with capture_logs():  # to write a traceback takes seconds
                assert acme.call(method, path, **request).status_code >= 500, path
    finally:
        with database.begin() as connection:
            connection.execute(sa.text("ALTER TABLE audit_lines_away RENAME TO audit_lines"))
        database.close()

    assert {path: acme.call("GET", path).json() for path in lists} == before
    assert acme.lines() == lines_before


def test_lines_are_filtered_and_come_by_pages(acme: Acme, url: str) -> None:
    """Those of another tenant are not among them."""
    other = new_key(url, tenant="other", scopes=tuple(Scope))
    acme.client.request("POST", "/v1/runs", json=TINY, headers=bearer(other))
    (theirs,) = acme.client.request("GET", "/v1/audit", headers=bearer(other)).json()["items"]
    run_id = acme.call("POST", "/v1/runs", json=TINY, headers={"X-Request-ID": "the-one"}).json()["run_id"]
    acme.call("DELETE", f"/v1/runs/{run_id}")
    every = acme.lines()

    assert theirs["resource"] not in json.dumps(every)
    assert [line["action"] for line in acme.lines(resource=run_id)] == ["run.delete", "run.submit"]
    assert [line["resource"] for line in acme.lines(request_id="the-one")] == [run_id]
    assert acme.lines(action="run.delete") == [line for line in every if line["action"] == "run.delete"]
    assert acme.lines(key_id=theirs["key_id"]) == acme.lines(created_to="2020-01-01") == []
    assert acme.lines(created_from=every[1]["created_at"])[:2] == every[:2]
    assert acme.call("GET", "/v1/audit", params={"action": "nonsense"}).status_code == 422
    first = acme.call("GET", "/v1/audit", params={"limit": "1"}).json()
    assert first["items"] + acme.lines(cursor=first["next_cursor"]) == every


def test_lines_are_removed_when_their_time_is_over(database_url: str) -> None:
    """Of three days, the older two: a line is a day old to the second, by the database's clock."""
    database = Database.open(database_url)
    migrate(database)
    with database.begin() as connection:
        for resource in ("new", "old", "older"):
            audit.add(connection, By("acme"), "run.submit", resource)
        for days, resource in ((2, "old"), (3, "older")):
            aged = sa.update(schema.audit).where(schema.audit.c.resource == resource)
            connection.execute(aged.values(created_at=schema.audit.c.created_at - 86400 * days))
        assert audit.prune(connection, 2.5) == 1
        assert audit.prune(connection, 1.5) == 1
        assert audit.prune(connection, 1.5) == 0
        assert [row["resource"] for row in audit.page(connection, None, 9, None)] == ["new"]
    database.close()


def test_the_command_line_shows_all_tenants_and_leaves_lines_too(tmp_path: Path) -> None:
    """It has no key, no request and no address."""
    folder = {"COVERPLAN_DATA_DIR": str(tmp_path)}
    made = call("keys", "create", "--tenant", "acme", env=folder)
    key_id = made.stderr.split()[0]
    call("keys", "create", "--tenant", "other", env=folder)
    call("keys", "revoke", key_id, env=folder)

    shown = [json.loads(line) for line in call("audit", "--json", env=folder).stdout.splitlines()]
    mine = call("audit", "--tenant", "acme", "--action", "key.revoke", env=folder).stdout.splitlines()

    assert [(line["tenant"], line["action"]) for line in shown] == [
        ("acme", "key.revoke"),
        ("other", "key.create"),
        ("acme", "key.create"),
    ]
    assert {(line["key_id"], line["request_id"], line["address"]) for line in shown} == {(None, None, None)}
    assert len(mine) == 2
    assert key_id in mine[1]
    assert call("audit", "--until", "2020-01-01", "--json", env=folder).stdout == ""
    assert call("audit", "--action", "nonsense", env=folder).returncode == 2
