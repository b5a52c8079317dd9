"""Keys over HTTP, on both databases: what an admin key may do with those of its tenant, and what nobody may."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import sqlalchemy as sa

from coverplan.api.guard.access import REMEMBERED_S
from coverplan.client import Client, RefusedError
from coverplan.payload.keys import Scope, ScopeName
from coverplan.store import keys
from coverplan.store.database import Database
from coverplan.store.keys import LastAdminKeyError
from support.api_keys import bearer, new_key
from support.service import InProcess, in_process, service, wait_for

ADMIN = [Scope.ADMIN, Scope.READ]
EXAMPLE = json.loads((Path(__file__).parents[2] / "openapi" / "examples" / "key.json").read_text())


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def make(client: InProcess, secret: str, **body: Any) -> httpx.Response:
    headers = bearer(secret) | body.pop("headers", {})
    return client.request("POST", "/v1/keys", headers=headers, json=body)


def listed(client: InProcess, secret: str, **wanted: str) -> list[dict[str, Any]]:
    answer = client.request("GET", "/v1/keys", headers=bearer(secret), params=wanted)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_documents_know_the_scopes() -> None:
    assert get_args(ScopeName) == tuple(Scope)


def test_a_key_is_made_used_listed_and_revoked(database_url: str, tmp_path: Path) -> None:
    """Its secret is in one answer, and nowhere else; revoking it takes effect in time."""
    admin = new_key(database_url, scopes=ADMIN)
    with in_process(database_url, tmp_path) as client:
        made = make(client, admin, **EXAMPLE)
        assert made.status_code == 201, made.text
        secret, place = made.json()["secret"], made.headers["location"]
        assert client.request("GET", "/v1/runs", headers=bearer(secret)).status_code == 200
        assert code(client.request("GET", "/v1/keys", headers=bearer(secret))) == (403, "forbidden")

        shown = client.request("GET", place, headers=bearer(admin)).json()
        assert shown == {name: value for name, value in made.json().items() if name != "secret"}
        assert {name: shown[name] for name in EXAMPLE} == EXAMPLE
        assert (shown["tenant"], shown["revoked_at"]) == ("acme", None)
        assert listed(client, admin)[0] == shown
        assert secret not in json.dumps(listed(client, admin))

        assert client.request("DELETE", place, headers=bearer(admin)).status_code == 204
        assert wait_for(
            lambda: client.request("GET", "/v1/runs", headers=bearer(secret)).status_code == 401, 4 * REMEMBERED_S
        )
        revoked = client.request("GET", place, headers=bearer(admin)).json()
        assert revoked["revoked_at"] is not None
        assert client.request("DELETE", place, headers=bearer(admin)).status_code == 204
        assert client.request("GET", place, headers=bearer(admin)).json() == revoked


def test_a_repeated_call_makes_no_other_key_and_shows_no_secret(database_url: str, tmp_path: Path) -> None:
    """The answers that are kept for idempotency hold no secret either."""
    admin = new_key(database_url, scopes=ADMIN)
    with in_process(database_url, tmp_path) as client:
        first, again = (make(client, admin, name="once", headers={"Idempotency-Key": "k-1"}) for _ in range(2))
        assert first.json()["secret"].startswith("cpk_")
        assert again.json() == {**first.json(), "secret": None}
        assert len(listed(client, admin, name="once")) == 1
    database = Database.open(database_url)
    with database.read() as connection:
        kept = connection.execute(sa.text("SELECT body FROM idempotency_keys")).scalars().all()
    database.close()
    assert first.json()["id"] in str(kept)
    assert first.json()["secret"] not in str(kept)


def test_no_key_reaches_into_another_tenant(database_url: str, tmp_path: Path) -> None:
    mine, theirs = (new_key(database_url, tenant=tenant, scopes=ADMIN) for tenant in ("mine", "theirs"))
    with in_process(database_url, tmp_path) as client:
        place = make(client, theirs).headers["location"]
        for method in ("GET", "DELETE"):
            assert code(client.request(method, place, headers=bearer(mine))) == (404, "not_found")
        assert {key["tenant"] for key in listed(client, mine)} == {"mine"}
        refused = make(client, mine, tenant="theirs")
        assert [(issue["code"], issue["pointer"]) for issue in refused.json()["errors"]] == [
            ("unknown_field", "/tenant")
        ]
        assert client.request("GET", place, headers=bearer(theirs)).json()["revoked_at"] is None


@pytest.mark.parametrize("scopes", [[Scope.READ], [Scope.WRITE], [Scope.READ, Scope.WRITE]])
def test_only_admins_see_and_make_keys(scopes: list[Scope], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    secret = new_key(url, scopes=scopes)
    with in_process(url, tmp_path) as client:
        for method, path in (("GET", "/v1/keys"), ("GET", "/v1/keys/key-1"), ("DELETE", "/v1/keys/key-1")):
            assert code(client.request(method, path, headers=bearer(secret))) == (403, "forbidden")
        assert code(make(client, secret)) == (403, "forbidden")
        assert code(client.request("GET", "/v1/audit", headers=bearer(secret))) == (403, "forbidden")


def test_a_key_hands_on_no_more_than_it_may_itself(database_url: str, tmp_path: Path) -> None:
    """Its own limits, or those of the service where it has none; what is not said is its own."""
    admin = new_key(database_url, scopes=ADMIN, running_runs=10, stored_bytes=1000)
    with in_process(database_url, tmp_path, requests_per_minute=50) as client:
        refused = make(client, admin, running_runs=11, stored_bytes=1001, requests_per_minute=51)
        assert [(issue["code"], issue["pointer"]) for issue in refused.json()["errors"]] == [
            ("out_of_range", "/requests_per_minute"),
            ("out_of_range", "/running_runs"),
            ("out_of_range", "/stored_bytes"),
        ]
        made = make(client, admin, running_runs=9, requests_per_minute=50).json()
        assert (made["requests_per_minute"], made["running_runs"], made["stored_bytes"]) == (50, 9, 1000)
        assert make(client, admin).json()["requests_per_minute"] is None
        deputy = make(client, admin, scopes=["admin"], running_runs=5).json()["secret"]
        assert code(make(client, deputy, running_runs=6)) == (422, "invalid")


def test_the_last_admin_key_is_not_revoked(database_url: str, tmp_path: Path) -> None:
    """It may go once there is another one; who is left is the last."""
    admin = new_key(database_url, scopes=ADMIN)
    with in_process(database_url, tmp_path) as client:
        (own,) = listed(client, admin)
        assert code(client.request("DELETE", f"/v1/keys/{own['id']}", headers=bearer(admin))) == (409, "last_admin_key")
        other = make(client, admin, scopes=["admin"]).json()
        assert client.request("DELETE", f"/v1/keys/{own['id']}", headers=bearer(admin)).status_code == 204
        last = client.request("DELETE", f"/v1/keys/{other['id']}", headers=bearer(other["secret"]))
        assert code(last) == (409, "last_admin_key")
        assert [key["id"] for key in listed(client, other["secret"], status="usable")] == [other["id"]]


def test_two_admins_who_revoke_each_other_leave_one(database_url: str) -> None:
    """At the same time, in transactions of their own."""
    new_key(database_url, scopes=ADMIN)
    new_key(database_url, scopes=ADMIN)
    database = Database.open(database_url)
    with database.read() as connection:
        both = [key.id for key in keys.page(connection, "acme", 9, None)]
    together, refused = threading.Barrier(2), []

    def revoke(key_id: str) -> None:
        together.wait()
        try:
            with database.begin() as connection:
                keys.revoke_but_last(connection, "acme", key_id)
        except LastAdminKeyError:
            refused.append(key_id)

    threads = [threading.Thread(target=revoke, args=(key_id,)) for key_id in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        left = [key.id for key in keys.page(connection, "acme", 9, None, revoked=False)]
    database.close()

    assert left == refused
    assert len(left) == 1


@pytest.mark.parametrize("setting", ["auto", "never"])
def test_who_has_no_key_makes_none(setting: str, tmp_path: Path) -> None:
    """On an open service the first key locks all others out: that is for whoever has a shell."""
    with in_process(f"sqlite:///{tmp_path / 'coverplan.db'}", tmp_path, require_keys=setting) as client:
        for answer in (
            client.request("POST", "/v1/keys", json={"scopes": ["admin"]}),
            client.request("DELETE", "/v1/keys/key-1"),
        ):
            assert code(answer) == (403, "forbidden")
            assert "coverplan keys create" in answer.json()["suggestion"]
        assert client.request("GET", "/v1/keys").json()["items"] == []
        assert client.request("GET", "/v1/runs").status_code == 200


def test_there_is_an_end_to_making_keys(database_url: str, tmp_path: Path) -> None:
    """Three at most, the admin's own included; revoking one makes no room on the same day."""
    admin = new_key(database_url, scopes=ADMIN)
    with in_process(database_url, tmp_path, max_keys=3) as client:
        first = make(client, admin)
        assert (first.status_code, make(client, admin).status_code) == (201, 201)
        assert code(make(client, admin)) == (409, "too_many_keys")
        client.request("DELETE", first.headers["location"], headers=bearer(admin))
        assert code(make(client, admin)) == (409, "too_many_keys")


def test_keys_are_filtered(database_url: str, tmp_path: Path) -> None:
    admin = new_key(database_url, scopes=ADMIN)
    with in_process(database_url, tmp_path) as client:
        one = make(client, admin, name="import 1", scopes=["write"]).json()
        two = make(client, admin, name="import 2", scopes=["read"]).json()
        client.request("DELETE", f"/v1/keys/{one['id']}", headers=bearer(admin))

        def ids(**wanted: str) -> list[str]:
            return [key["id"] for key in listed(client, admin, **wanted)]

        assert ids(name_prefix="import") == [two["id"], one["id"]]
        assert ids(name="import 1") == ids(status="revoked") == ids(scope="write") == [one["id"]]
        assert ids(name_prefix="import", status="usable") == [two["id"]]
        assert len(ids(scope="read")) == 2
        assert ids(created_to="2020-01-01") == []


def test_the_bundled_client_has_keys(tmp_path: Path) -> None:
    """On a real service: made, listed, used, revoked; the last one is refused with the document's words."""
    url = f"sqlite:///{tmp_path / 'data' / 'coverplan.db'}"
    admin = new_key(url, scopes=ADMIN)
    with service(tmp_path) as running, Client(running.url, api_key=admin) as client:
        made = client.keys.create("import", ["read"], running_runs=3)
        assert made.secret is not None
        assert next(client.keys.list(status="usable")).id == made.id
        with Client(running.url, api_key=made.secret, patience_s=0) as other:
            assert list(other.runs.list()) == []
        client.keys.revoke(made.id)
        assert client.keys.get(made.id).revoked_at is not None
        (own,) = client.keys.list(scope="admin")
        with pytest.raises(RefusedError) as refusal:
            client.keys.revoke(own.id)
    assert refusal.value.document.code == "last_admin_key"
