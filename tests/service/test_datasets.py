"""Datasets over HTTP, checked by a real worker, on a file and on a real server; documents are the judge of tables."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coverplan.jobs.datasets import expire_datasets
from coverplan.payload.hashing import problem_hash
from coverplan.payload.problem import Problem
from coverplan.settings import Settings
from coverplan.store import datasets, paths
from coverplan.store.ids import new_id
from coverplan.store.schema import datasets as table
from coverplan.store.store import Store
from support.datasets import begin, bodies, ended, head_of, put, send
from support.deployment import deployment
from support.postgres import Postgres
from support.service import JSON, wait_for

Document = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
PROBLEM: Document = json.loads((EXAMPLES / "every_constraint_kind.json").read_bytes())["problem"]
HEAD = head_of(PROBLEM)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An empty database and folder for all tests of this file."""
    folder = tmp_path_factory.mktemp("data")
    if request.param == "sqlite":
        return Settings(data_dir=folder)
    server: Postgres = request.getfixturevalue("postgres")
    return Settings(data_dir=folder, database_url=server.database())


@pytest.fixture(scope="module")
def client(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service with a worker."""
    chosen: dict[str, Any] = {"warm_children": 0, "data_dir": settings.data_dir, "database_url": settings.database_url}
    with deployment(tmp_path_factory.mktemp("service"), **chosen) as running, running.client() as client:
        yield client


@pytest.fixture
def store(settings: Settings, client: httpx.Client) -> Iterator[Store]:
    """The service's own store."""
    store = Store.open(settings)
    yield store
    store.close()


def example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes()


def hash_of(problem: Document) -> str:
    return problem_hash(Problem.model_validate_json(json.dumps(problem)))


def row_of(store: Store, dataset_id: str) -> Any:
    with store.database.read() as connection:
        return datasets.get(connection, "default", dataset_id)


def sent(client: httpx.Client, folder: Path, problem: Document = PROBLEM, form: str = "parquet", **body: Any) -> Any:
    """The dataset of a problem, checked."""
    committed = send(client, bodies(problem, form, folder), form, problem=head_of(problem), **body)
    return ended(client, committed["dataset_id"])


def stored(store: Store, dataset_id: str) -> list[str]:
    return asyncio.run(store.blobs.names(paths.dataset(dataset_id)))


def test_the_same_content_is_stored_once_and_everybody_keeps_a_dataset(
    client: httpx.Client, store: Store, tmp_path: Path
) -> None:
    """Two jobs upload the same book; each repeats its commit, and deletes what is its own."""
    first = sent(client, tmp_path, name="one")
    again = begin(client, name="two", problem=HEAD)
    for name, data in bodies(PROBLEM, "parquet", tmp_path).items():
        put(client, again, name, "parquet", data)

    answers = [client.post(f"/v1/datasets/{again}/commit") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json() == client.get(f"/v1/datasets/{again}").json()
    own = {"dataset_id", "name", "request_id", "created_at", "ended_at"}
    told = answers[0].json()
    assert (told["dataset_id"], told["name"]) == (again, "two")
    assert {name: told[name] for name in told.keys() - own} == {name: first[name] for name in first.keys() - own}
    assert stored(store, again) == []
    twice = client.post(f"/v1/datasets/{first['dataset_id']}/commit")
    assert (twice.status_code, twice.json()) == (202, first)

    assert client.delete(f"/v1/datasets/{first['dataset_id']}").status_code == 204
    run = client.post("/v1/runs", json={"dataset_id": again, "options": {"time_limit_s": 5}}).json()["run_id"]
    assert wait_for(lambda: client.get(f"/v1/runs/{run}").json()["job_status"] not in ("queued", "running"), 150)
    state = client.get(f"/v1/runs/{run}").json()
    assert state["job_status"] == "completed", state["error"]
    assert client.delete(f"/v1/datasets/{again}").status_code == 204
    assert stored(store, again) == stored(store, first["dataset_id"]) == []


def test_a_patch_is_a_new_version(client: httpx.Client, store: Store, tmp_path: Path) -> None:
    """The document, changed by hand, is the judge; the parent stays as it was."""
    parent = sent(client, tmp_path)
    accounts, reps = PROBLEM["accounts"], PROBLEM["reps"]
    gone, changed = accounts[0]["id"], accounts[1]["id"]
    new = {"id": "new", "potential": 5, "current": [{"rep_id": reps[0]["id"], "since": "2024-01-31"}]}
    fields = {"potential": 123.5, "territory_id": None, "tags": ["x", "y"]}
    patch = {
        "name": "v2",
        "accounts": {"add": [new], "change": [{"id": changed, "fields": fields}], "remove": [gone]},
        "reps": {"change": [{"id": reps[0]["id"], "fields": {"capacity_hours": 77}}]},
    }
    expected = copy.deepcopy(PROBLEM)
    expected["accounts"] = [*expected["accounts"][1:], new]
    expected["accounts"][0] |= fields
    expected["reps"][0]["capacity_hours"] = 77
    for name in ("fit", "pairs"):
        expected[name] = [row for row in expected.get(name, []) if row.get("account_id") != gone]
    for account in expected["accounts"]:
        assert account.get("parent_id") != gone

    answered = client.post(f"/v1/datasets/{parent['dataset_id']}/patch", json=patch)

    assert answered.status_code == 202
    child = ended(client, answered.json()["dataset_id"])
    assert (child["valid"], child["parent_id"], child["name"]) == (True, parent["dataset_id"], "v2"), child
    assert child["problem_hash"] == hash_of(expected)
    assert client.get(f"/v1/datasets/{parent['dataset_id']}").json()["problem_hash"] == hash_of(PROBLEM)
    again = client.post(f"/v1/datasets/{parent['dataset_id']}/patch", json={**patch, "name": "v3"})
    assert (again.status_code, again.json()["name"], again.json()["valid"]) == (200, "v3", True)
    assert again.json()["tables"] == child["tables"]
    assert stored(store, again.json()["dataset_id"]) == []
    assert client.delete(f"/v1/datasets/{again.json()['dataset_id']}").status_code == 204
    assert client.get(f"/v1/datasets/{child['dataset_id']}").json() == child
    assert len(stored(store, child["dataset_id"])) > len(child["tables"])  # and the patch


def test_a_patch_of_what_is_not_there_names_it(client: httpx.Client, tmp_path: Path) -> None:
    parent = sent(client, tmp_path)
    held = PROBLEM["accounts"][0]["id"]
    patch = {
        "accounts": {"add": [{"id": held}], "change": [{"id": "zz", "fields": {"potential": 1}}], "remove": ["yy"]},
        "reps": {"remove": ["xx"]},
    }

    child = ended(client, client.post(f"/v1/datasets/{parent['dataset_id']}/patch", json=patch).json()["dataset_id"])

    assert (child["job_status"], child["valid"], child["total_errors"]) == ("completed", False, 4)
    assert {(issue["code"], issue["pointer"], issue["value"]) for issue in child["report"]["issues"]} == {
        ("unknown_account", "/accounts/change/0/id", "zz"),
        ("unknown_account", "/accounts/remove/0", "yy"),
        ("duplicate_id", "/accounts/add/0/id", held),
        ("unknown_rep", "/reps/remove/0", "xx"),
    }
    refused = client.post(f"/v1/datasets/{child['dataset_id']}/patch", json=patch)
    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_not_ready")
    twice = {"accounts": {"remove": ["a", "a"]}}
    assert client.post(f"/v1/datasets/{parent['dataset_id']}/patch", json=twice).status_code == 422
    wrong = {"accounts": {"change": [{"id": held, "fields": {"potential": None, "colour": 1}}]}}
    faults = client.post(f"/v1/datasets/{parent['dataset_id']}/patch", json=wrong).json()["errors"]
    assert {fault["pointer"] for fault in faults} == {
        "/accounts/change/0/fields/potential",
        "/accounts/change/0/fields/colour",
    }


def test_a_committed_dataset_takes_no_more_tables(client: httpx.Client, tmp_path: Path) -> None:
    state = sent(client, tmp_path)

    refused = put(client, state["dataset_id"], "fit", "csv", b"rep_id\n")

    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_not_open")
    empty = begin(client)
    missing = client.post(f"/v1/datasets/{empty}/commit").json()["errors"]
    assert [(error["code"], error["pointer"]) for error in missing] == [
        ("no_accounts", "/tables/accounts"),
        ("no_reps", "/tables/reps"),
    ]
    assert client.put(f"/v1/datasets/{empty}/tables/..%2Fx", content=b"").status_code in (404, 422)
    assert put(client, "ds-none", "fit", "csv", b"x").status_code == 404
    for method, path in (("GET", ""), ("POST", "/commit"), ("DELETE", "")):
        assert client.request(method, f"/v1/datasets/ds-none{path}").status_code == 404


def test_deleting_leaves_nothing(client: httpx.Client, store: Store, tmp_path: Path) -> None:
    """Not while a new version of it is being made."""
    own = sent(client, tmp_path, {**PROBLEM, "currency": "CHF"})["dataset_id"]
    child = {"id": new_id("ds"), "tenant": "default", "parent_id": own, "job_status": "running", "head": {}}
    with store.database.begin() as connection:
        datasets.add(connection, {**child, "leased_until": time.time() + 600})
    refused = client.delete(f"/v1/datasets/{own}")
    with store.database.begin() as connection:
        datasets.remove(connection, "default", child["id"])

    assert (refused.status_code, refused.json()["code"]) == (409, "dataset_in_use")
    assert client.delete(f"/v1/datasets/{own}").status_code == 204
    assert client.delete(f"/v1/datasets/{own}").status_code == 404
    assert asyncio.run(store.blobs.names(paths.dataset(own))) == []


def test_lists_are_paged_newest_first(client: httpx.Client) -> None:
    made = [begin(client, name=f"n{n}") for n in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while len(found) < 5:
        page = client.get("/v1/datasets", params=query).json()
        found += [item["dataset_id"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]

    assert found[:5] == made[::-1]
    assert page["items"][0]["expires_at"] > page["items"][0]["created_at"]


def test_other_tenants_see_nothing(client: httpx.Client, store: Store) -> None:
    own = begin(client)
    with store.database.begin() as connection:
        assert datasets.get(connection, "other", own) is None
        assert datasets.commit(connection, "other", own, "x") is None
        assert datasets.put_table(connection, "other", own, "fit", {}, 0) == (None, None)
        assert not datasets.remove(connection, "other", own)
        assert own not in [row["id"] for row in datasets.page(connection, "other", 100, None)]


def test_what_a_lost_worker_left_is_checked_by_another(client: httpx.Client, store: Store, tmp_path: Path) -> None:
    """A claim that nobody renews; after the third loss it is given up."""
    tables = bodies({**PROBLEM, "currency": "SEK"}, "csv", tmp_path)
    own = begin(client, problem={**HEAD, "currency": "SEK"})
    for name, data in tables.items():
        put(client, own, name, "csv", data)
    row = row_of(store, own)
    tried = {"job_status": "running", "content_hash": "x", "leased_until": time.time() - 1}
    given_up = {**row, **tried, "id": new_id("ds"), "content_hash": "y", "attempt": 3}
    with store.database.begin() as connection:
        connection.execute(table.update().where(table.c.id == own).values(**tried, attempt=1))
        datasets.add(connection, given_up)

    assert ended(client, own)["valid"] is True
    assert row_of(store, own)["attempt"] == 2
    lost = ended(client, given_up["id"])
    assert (lost["job_status"], lost["report"]["error"]["code"]) == ("failed", "worker_lost")


def test_uncommitted_datasets_expire(client: httpx.Client, store: Store) -> None:
    own, other = begin(client), begin(client)
    put(client, own, "fit", "csv", b"rep_id\n")
    with store.database.begin() as connection:
        datasets.put_table(connection, "default", own, "fit", row_of(store, own)["tables"]["fit"], time.time() - 1)

    asyncio.run(expire_datasets(store))

    assert client.get(f"/v1/datasets/{own}").status_code == 404
    assert asyncio.run(store.blobs.names(paths.dataset(own))) == []
    assert client.get(f"/v1/datasets/{other}").status_code == 200


def test_a_dataset_is_filled_checked_and_patched(client: httpx.Client) -> None:
    """Acme, Birch and Cedar of the coverage model, Ana and Bo; the patch removes Birch and adds Delta."""
    begun = client.post("/v1/datasets", content=example("dataset"), headers=JSON).json()["dataset_id"]
    accounts = "".join(f'{{"id": "{name}", "segment": "enterprise"}}\n' for name in ("acme", "birch", "cedar"))
    put(client, begun, "accounts", "ndjson", accounts.encode())
    put(client, begun, "reps", "csv", b"id\nana\nbo\n")
    client.post(f"/v1/datasets/{begun}/commit")
    assert ended(client, begun)["valid"] is True

    patched = client.post(f"/v1/datasets/{begun}/patch", content=example("dataset_patch"), headers=JSON)

    assert patched.status_code == 202
    state = ended(client, patched.json()["dataset_id"])
    assert state["valid"] is True
    assert {one["table"]: one["rows"] for one in state["tables"]} == {"accounts": 3, "reps": 2}
