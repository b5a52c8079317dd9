"""Stored policies, over HTTP, on a file and on a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from coverplan.payload.hashing import policy_hash
from coverplan.payload.policy import Policy
from coverplan.store import policies
from coverplan.store.database import Database
from support.postgres import Postgres
from support.service import service


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An empty database for all tests of this file: each has its own names."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('data') / 'coverplan.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(scope="module")
def client(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("service")
    with service(folder, warm_children=0, database_url=url) as running, running.client() as client:
        yield client


def save(client: httpx.Client, name: str, /, **policy: Any) -> httpx.Response:
    return client.post("/v1/policies", json={"name": name, "policy": policy})


def test_versions_are_added_and_stay(client: httpx.Client, url: str) -> None:
    """The second is new; the third says the same as the second, its defaults written out; the fourth is the first."""
    capacity = {"kind": "capacity"}
    posts = [
        save(client, "ä gentle", constraints=[capacity]),
        save(client, "ä gentle", constraints=[capacity], objective={"relationship_loss": 2}),
        save(client, "ä gentle", constraints=[{**capacity, "utilisation": 1.0}], objective={"relationship_loss": 2.0}),
        save(client, "ä gentle", constraints=[capacity]),
    ]

    assert [post.status_code for post in posts] == [201, 201, 200, 201]
    assert [post.json()["version"] for post in posts] == [1, 2, 2, 3]
    versions = client.get("/v1/policies/ä gentle").json()["items"]
    assert [version["version"] for version in versions] == [3, 2, 1]
    second = client.get("/v1/policies/ä gentle/versions/2").json()
    assert second["policy"]["objective"]["relationship_loss"] == 2
    assert second["policy_hash"] == policy_hash(Policy.model_validate_json(json.dumps(second["policy"])))
    database = Database.open(url)
    with database.read() as connection:
        latest = policies.document(connection, "default", "ä gentle")
        assert policies.document(connection, "other", "ä gentle") is None
    database.close()
    assert latest is not None
    assert (latest["version"], latest["document"]) == (3, {"constraints": [capacity]})


def test_lists_are_paged_by_name(client: httpx.Client) -> None:
    for name in ("list c", "list a", "list b", "list a"):
        save(client, name, objective={"relationship_loss": 3})
    save(client, "list a", constraints=[])
    found: list[tuple[str, int]] = []
    query: dict[str, Any] = {"limit": 2}
    while query.get("cursor", "") is not None:
        page = client.get("/v1/policies", params=query).json()
        assert len(page["items"]) <= 2
        found += [(item["name"], item["version"]) for item in page["items"]]
        query["cursor"] = page["next_cursor"]
    older = client.get("/v1/policies/list a?limit=1").json()

    assert [one for one in found if one[0].startswith("list")] == [("list a", 2), ("list b", 1), ("list c", 1)]
    assert client.get(f"/v1/policies/list a?cursor={older['next_cursor']}").json()["items"][0]["version"] == 1
    assert client.get("/v1/policies?cursor=%20x").status_code == 422
    assert client.get("/v1/policies?cursor=ff00").status_code == 200


def test_what_changed_is_said_by_rule_and_by_field(client: httpx.Client) -> None:
    """Capacity's utilisation is changed, the order is not; must_cover goes, a cap on moves comes."""
    capacity, cover = {"kind": "capacity", "id": "cap"}, {"kind": "must_cover", "accounts": {"segment": ["big"]}}
    moves = {"kind": "keep_current", "max_moved_share": 0.1}
    save(client, "p", name="one", constraints=[capacity, cover])
    save(client, "p", name="two", constraints=[moves, {**capacity, "utilisation": 0.9}], candidates={"per_seat": 5})
    save(client, "p", name="two", constraints=[cover], candidates={"per_seat": 5})

    diff = client.get("/v1/policies/p/diff?from=1&to=2").json()

    assert (diff["name"], diff["from"], diff["to"], diff["same"]) == ("p", 1, 2, False)
    rules = {rule["id"]: rule for rule in diff["constraints"]}
    assert {name: rule["change"] for name, rule in rules.items()} == {
        "cap": "changed",
        "must_cover": "removed",
        "keep_current": "added",
    }
    assert rules["cap"]["fields"] == [{"path": "/utilisation", "from": 1.0, "to": 0.9}]
    assert rules["must_cover"]["from"]["accounts"]["segment"] == ["big"]
    assert rules["must_cover"]["to"] is None
    assert rules["keep_current"]["to"]["max_moved_share"] == 0.1
    assert diff["fields"] == [
        {"path": "/name", "from": "one", "to": "two"},
        {"path": "/candidates/per_seat", "from": None, "to": 5},
    ]
    assert client.get("/v1/policies/p/diff?from=2&to=2").json()["same"] is True
    assert client.get("/v1/policies/p/diff?from=2").json()["to"] == 3


def test_what_is_wrong_or_not_there_is_said(client: httpx.Client) -> None:
    twice = save(
        client, "wrong", constraints=[{"kind": "capacity", "id": "x"}, {"kind": "must_cover", "id": "x"}]
    ).json()

    assert [(issue["code"], issue["pointer"]) for issue in twice["errors"]] == [
        ("duplicate_id", "/policy/constraints/1/id")
    ]
    assert save(client, "a/b").status_code == 422
    assert save(client, "..").status_code == 422
    assert save(client, "x\x00").status_code == 422
    assert client.get("/v1/policies/none").status_code == 404
    assert client.get("/v1/policies/none/versions/1").status_code == 404
    assert client.get("/v1/policies/none/diff?from=1").status_code == 404
    assert client.get("/v1/policies/none/versions/99999999999").status_code == 422
    assert set(client.put("/v1/policies").headers["allow"].split(", ")) >= {"GET", "POST"}


def test_a_deleted_policy_is_gone_and_its_numbers_are_not_given_again(client: httpx.Client, url: str) -> None:
    """Whoever remembers version 2 never finds another policy there; what others call the same stays theirs."""
    for share in (1, 2):
        save(client, "gone", objective={"relationship_loss": share})
    database = Database.open(url)
    with database.begin() as connection:
        policies.save(connection, "other", "gone", {}, "sha256:0")

    answers = [client.delete("/v1/policies/gone") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    assert answers[1].json()["code"] == "not_found"
    paths = ("gone", "gone/versions/1", "gone/diff?from=1")
    assert {client.get(f"/v1/policies/{path}").status_code for path in paths} == {404}
    assert "gone" not in [item["name"] for item in client.get("/v1/policies").json()["items"]]
    again = save(client, "gone", objective={"relationship_loss": 2})
    assert (again.status_code, again.json()["version"]) == (201, 3)
    assert client.get("/v1/policies/gone/versions/2").status_code == 404
    assert client.delete("/v1/policies/gone").status_code == 204
    assert save(client, "gone").json()["version"] == 4
    with database.read() as connection:
        theirs = policies.document(connection, "other", "gone")
    database.close()
    assert theirs is not None


def test_callers_at_once_get_a_version_each(client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda k: save(client, "at once", objective={"relationship_loss": k}), range(16)))

    assert [answer.status_code for answer in answers] == [201] * 16
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 17))
