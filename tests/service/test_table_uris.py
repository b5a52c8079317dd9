"""Datasets whose tables a worker fetches from where their callers say, on a real service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.api_keys import bearer, new_key
from support.batches import lines
from support.datasets import bodies, ended, send
from support.deployment import TINY, Deployment, deployment
from support.object_store import ObjectStore, object_store
from support.service import in_process

MAX_MB = 0.01
"""Of a table: 10 kB."""
EXAMPLE = json.loads((Path(__file__).parents[2] / "openapi" / "examples" / "dataset_uris.json").read_text())
ACCOUNTS = b"".join(lines(TINY["problem"]["accounts"]))
REPS = b"".join(lines(TINY["problem"]["reps"]))


@dataclass(frozen=True)
class Exchange:
    """A service with a worker, and the places that it may read: a bucket, and a folder of each tenant."""

    running: Deployment
    store: ObjectStore
    folder: Path
    acme: dict[str, str]
    poor: dict[str, str]

    def begin(self, uris: dict[str, str], key: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """The answer to a new dataset."""
        with self.running.client() as client:
            return client.post("/v1/datasets", json={"table_uris": uris, **more}, headers=key or self.acme)

    def ended(self, table_uris: dict[str, str], key: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """A dataset that was accepted, once it has ended."""
        made = self.begin(table_uris, key, **more)
        assert made.status_code == 201, made.text
        with self.running.client() as client:
            client.headers.update(key or self.acme)
            state: dict[str, Any] = ended(client, made.json()["dataset_id"])
        return state


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder = tmp_path_factory.mktemp("exchange")
    url = f"sqlite:///{folder / 'data' / 'coverplan.db'}"
    acme, poor = bearer(new_key(url)), bearer(new_key(url, "poor", stored_bytes=8000))
    (folder / "files" / "acme").mkdir(parents=True)
    uris = json.dumps(["s3://planning/in/", f"file://{folder}/files/{{tenant}}"])
    with object_store() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.env.items():
            patch.setenv(name, value)
        with deployment(folder, source_uris=uris, max_table_mb=MAX_MB) as running:
            yield Exchange(running, store, folder / "files", acme, poor)


def test_tables_are_fetched_checked_and_solved(exchange: Exchange) -> None:
    """One from a store, one from a folder: 10 + 11 + 12 + 13 = 46. It is the dataset that the same tables sent make."""
    exchange.store.objects["planning/in/accounts.ndjson"] = ACCOUNTS
    (exchange.folder / "acme" / "reps.ndjson").write_bytes(REPS)
    uris = {
        "accounts": "s3://planning/in/accounts.ndjson",
        "reps": f"file://{exchange.folder}/acme/reps.ndjson",
    }
    state = exchange.ended(uris, name="FY27")

    assert (state["valid"], state["name"], state["table_uris"]) == (True, "FY27", uris)
    assert {table["table"]: table["rows"] for table in state["tables"]} == {"accounts": 4, "reps": 2}
    with exchange.running.client() as client:
        client.headers.update(exchange.acme)
        run_id = client.post("/v1/runs", json={"dataset_id": state["dataset_id"], "policy": TINY["policy"]}).json()
        sent = ended(client, send(client, {"accounts": ACCOUNTS, "reps": REPS}, "ndjson")["dataset_id"])
        closed = client.put(
            f"/v1/datasets/{state['dataset_id']}/tables/fit",
            content=b"{}",
            headers={"content-type": "application/x-ndjson"},
        )
        assert (closed.status_code, closed.json()["code"]) == (409, "dataset_not_open")
        while (found := client.get(f"/v1/runs/{run_id['run_id']}").json())["job_status"] != "completed":
            assert found["job_status"] in ("queued", "running"), found
    assert found["objective_value"] == pytest.approx(46.0)
    assert sent["problem_hash"] == state["problem_hash"]
    assert sent["content_hash"] == state["content_hash"]


def test_the_example_is_taken(exchange: Exchange, tmp_path: Path) -> None:
    for name, data in bodies(TINY["problem"], "parquet", tmp_path).items():
        exchange.store.objects[f"planning/in/{name}.parquet"] = data

    assert exchange.ended(**EXAMPLE)["valid"]


def test_each_format_goes_the_same_way(exchange: Exchange, tmp_path: Path) -> None:
    for form, suffix in (("csv", "csv"), ("arrow", "arrow"), ("arrow_stream", "arrows")):
        (tmp_path / form).mkdir()
        uris = {}
        for name, data in bodies(TINY["problem"], form, tmp_path / form).items():
            exchange.store.objects[f"planning/in/{name}.{suffix}"] = data
            uris[name] = f"s3://planning/in/{name}.{suffix}"
        assert exchange.ended(uris)["valid"], form


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.csv", None, "uri_not_found"),
        ("closed.csv", 403, "uri_forbidden"),
        ("large.csv", b"id\n" + 3000 * b"abcd\n", "uri_too_large"),
        ("torn.parquet", b"PAR1 and no more", "invalid"),
        ("binary.csv", b"id\na\0b\n", "invalid"),
    ],
)
def test_what_cannot_be_fetched_is_told(exchange: Exchange, name: str, content: bytes | int | None, code: str) -> None:
    """In the report of the dataset, which has failed; nothing of it is kept."""
    if isinstance(content, int):
        exchange.store.statuses[f"planning/in/{name}"] = content
    elif content is not None:
        exchange.store.objects[f"planning/in/{name}"] = content
    exchange.store.objects["planning/in/fine.ndjson"] = REPS
    state = exchange.ended({"reps": "s3://planning/in/fine.ndjson", "accounts": f"s3://planning/in/{name}"})

    assert (state["job_status"], state["valid"], state["tables"]) == ("failed", None, [])
    assert state["report"]["error"]["code"] == code
    assert f"s3://planning/in/{name}" in state["report"]["error"]["message"]
    blobs = exchange.running.folder / "data" / "blobs" / "datasets" / state["dataset_id"]
    assert not blobs.exists() or list(blobs.iterdir()) == []


def test_fetched_tables_count_as_stored(exchange: Exchange) -> None:
    """8,000 bytes: the accounts fit with what is said of them, a second dataset of them does not."""
    exchange.store.objects["planning/in/some.ndjson"] = ACCOUNTS.ljust(6000, b"\n")
    first, second = (exchange.ended({"accounts": "s3://planning/in/some.ndjson"}, exchange.poor) for _ in range(2))

    assert first["job_status"] == "completed"
    assert second["job_status"] == "failed"
    assert second["report"]["error"]["code"] in ("uri_too_large", "quota_bytes")


REFUSED = [
    ("s3://planning/in/../secret.csv", "invalid_uri"),
    ("s3://planning/in/%2e%2e/secret.csv", "invalid_uri"),
    ("s3://planning/secret/a.csv", "uri_not_allowed"),
    ("s3://planning/in2/a.csv", "uri_not_allowed"),
    ("gs://planning/in/a.csv", "uri_not_allowed"),
    ("file:///etc/passwd.csv", "uri_not_allowed"),
    ("http://169.254.169.254/latest.csv", "invalid_uri"),
    ("s3://planning/in/a.xlsx", "invalid_uri"),
    ("s3://planning/in/a", "invalid_uri"),
]


@pytest.mark.parametrize(("uri", "code"), REFUSED)
def test_places_that_are_not_allowed_are_refused_at_once(exchange: Exchange, uri: str, code: str) -> None:
    """Nothing is asked of any store."""
    before = list(exchange.store.asked)
    answer = exchange.begin({"accounts": uri})

    assert answer.status_code == 422
    assert [(issue["code"], issue["pointer"]) for issue in answer.json()["errors"]] == [(code, "/table_uris/accounts")]
    assert exchange.store.asked == before


def test_another_tenants_folder_is_not_ones_own(exchange: Exchange) -> None:
    answer = exchange.begin({"accounts": f"file://{exchange.folder}/acme/accounts.ndjson"}, exchange.poor)

    assert answer.json()["errors"][0]["code"] == "uri_not_allowed"


def test_unless_the_operator_says_so_nothing_is_allowed(tmp_path: Path) -> None:
    with in_process(f"sqlite:///{tmp_path / 'coverplan.db'}", tmp_path / "data") as client:
        body = {"table_uris": {"accounts": "s3://planning/in/a.csv", "reps": f"file://{tmp_path}/a.csv"}}
        answer = client.request("POST", "/v1/datasets", json=body)

    assert [issue["code"] for issue in answer.json()["errors"]] == ["uri_not_allowed"] * 2
    assert "COVERPLAN_SOURCE_URIS" in answer.json()["errors"][0]["suggestion"]
