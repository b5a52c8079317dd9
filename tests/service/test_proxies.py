"""Behind a proxy: below a path, under another name, for callers whom only the proxy sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coverplan.settings import Settings
from support.service import in_process

POLICY = {"name": "gentle", "policy": {"constraints": []}}
TRUSTED, OTHERS = ["127.0.0.1/8"], ["10.0.0.0/8", "2001:db8::/32"]
"""Calls within this process come from 127.0.0.1."""


@pytest.mark.parametrize("prefix", ["", "/apps/coverplan"], ids=["taken off by the proxy", "left on"])
def test_callers_find_what_an_answer_names(prefix: str, tmp_path: Path) -> None:
    """The path is a setting: links begin with it, and the description's server is it."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    with in_process(url, tmp_path, root_path="/apps/coverplan/") as client:
        made = client.request("POST", f"{prefix}/v1/policies", json=POLICY, headers={"Idempotency-Key": "1"})
        again = client.request("POST", "/v1/policies", json=POLICY, headers={"Idempotency-Key": "1"})
        found = client.request("GET", made.headers["location"])
        described = client.request("GET", f"{prefix}/openapi.json").json()
        probed = client.request("GET", f"{prefix}/healthz")

    assert made.headers["location"] == "/apps/coverplan/v1/policies/gentle/versions/1"
    assert (again.headers["idempotency-replayed"], again.headers["location"]) == ("true", made.headers["location"])
    assert found.json()["name"] == "gentle"
    assert described["servers"] == [{"url": "/apps/coverplan"}]
    assert probed.status_code == 200


@pytest.mark.parametrize("path", ["coverplan", "/v1", "/v1/x", "/a b", "//x", "https://planner.example/x"])
def test_a_path_that_would_lead_astray_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=path)


@pytest.mark.parametrize(
    ("prefix", "location"),
    [
        ("/planner", "/planner/v1/policies/gentle/versions/1"),
        ("/outer, /planner/", "/planner/v1/policies/gentle/versions/1"),
        ("//evil.example", "/v1/policies/gentle/versions/1"),
        ("/v1", "/v1/policies/gentle/versions/1"),
        ("", "/v1/policies/gentle/versions/1"),
    ],
)
def test_a_trusted_proxy_says_where_it_shows_the_service(prefix: str, location: str, tmp_path: Path) -> None:
    """Unless that would lead elsewhere."""
    url, headers = f"sqlite:///{tmp_path / 'coverplan.db'}", {"X-Forwarded-Prefix": prefix}
    with in_process(url, tmp_path, trusted_proxies=TRUSTED) as client:
        made = client.request("POST", "/v1/policies", json=POLICY, headers=headers)
        described = client.request("GET", "/openapi.json", headers=headers).json()

    assert made.headers["location"] == location
    assert described["servers"][0]["url"].rstrip("/") == location.removesuffix("/v1/policies/gentle/versions/1")


def test_what_others_say_is_not_believed(tmp_path: Path) -> None:
    """Neither a prefix, nor a host, nor who calls."""
    url, headers = (
        f"sqlite:///{tmp_path / 'coverplan.db'}",
        {"X-Forwarded-Prefix": "/x", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.7"},
    )
    with capture_logs() as lines, in_process(url, tmp_path, trusted_proxies=OTHERS) as client:
        made = client.request("POST", "/v1/policies", json=POLICY, headers=headers)

    assert (made.status_code, made.headers["location"]) == (201, "/v1/policies/gentle/versions/1")
    assert [line["client"] for line in lines if line["event"] == "request"] == ["127.0.0.1"]


def test_a_trusted_proxy_says_who_calls_and_by_what_name(tmp_path: Path) -> None:
    """The address nearest to us that is no proxy; the name must be one that the service answers to."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    settings = {"trusted_proxies": [*TRUSTED, "10.1.2.3"], "allowed_hosts": ["planner.example"]}
    with capture_logs() as lines, in_process(url, tmp_path, **settings) as client:

        def status(host: str, **headers: str) -> int:
            forwarded = {"X-Forwarded-Host": host, "X-Forwarded-For": "192.0.2.1, 203.0.113.7, 10.1.2.3", **headers}
            return client.request("GET", "/v1/limits", headers=forwarded).status_code

        assert status("planner.example") == 200
        assert status("planner.example", Origin="https://planner.example") == 200
        assert status("other.example") == 403
        assert status("planner.example", Origin="https://other.example") == 403

    assert {line["client"] for line in lines if line["event"] == "request"} == {"203.0.113.7"}


@pytest.mark.parametrize("entry", ["proxy.example", "10.0.0.0/40", "*"])
def test_proxies_are_named_by_address(entry: str) -> None:
    """A name would have to be looked up again and again."""
    with pytest.raises(ValueError, match="trusted_proxies"):
        Settings(trusted_proxies=[entry])


def test_probes_are_answered_whatever_they_call_the_service(tmp_path: Path) -> None:
    """They come by the address of a pod; metrics need a key then, which no page of another site has."""
    url, pod = f"sqlite:///{tmp_path / 'coverplan.db'}", {"Host": "10.2.3.4:8000"}
    with in_process(url, tmp_path, host="0.0.0.0", insecure=True, allowed_hosts=["planner.example"]) as client:

        def status(path: str, **headers: str) -> int:
            return client.request("GET", path, headers=pod | headers).status_code

        assert [status(path) for path in ("/healthz", "/readyz", "/metrics", "/v1/limits")] == [200, 200, 403, 403]
        assert status("/metrics", Authorization="Bearer cpk_x") == 200
        assert status("/healthz", Origin="https://evil.example") == 403
