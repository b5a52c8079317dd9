"""Starting and stopping the service."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import httpx
import psutil
import pytest
from httpx_sse import connect_sse

from coverplan.api.serve import UnsafeAddressError, check_address
from coverplan.settings import Settings, is_loopback
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from support.api_keys import new_key
from support.books import hard_request
from support.service import EVENTS, service


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "planner.corp", ""])
def test_an_address_that_others_reach_needs_a_key_or_a_word(host: str, tmp_path: Path) -> None:
    """A key is of no use where none is asked for."""
    url = f"sqlite:///{tmp_path / 'coverplan.db'}"
    database = Database.open(url)
    migrate(database)
    with pytest.raises(UnsafeAddressError, match="coverplan keys create"):
        check_address(Settings(host=host), database)
    check_address(Settings(host=host, insecure=True), database)
    new_key(url)
    check_address(Settings(host=host), database)
    with pytest.raises(UnsafeAddressError, match="insecure"):
        check_address(Settings(host=host, require_keys="never"), database)
    database.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_open(host: str, tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'coverplan.db'}")
    migrate(database)
    assert is_loopback(host)
    check_address(Settings(host=host), database)
    database.close()


def test_the_log_is_json_and_carries_the_request_id(tmp_path: Path) -> None:
    """And a load balancer that asks by HEAD is answered."""
    with service(tmp_path) as running, running.client() as client:
        assert [(client.head(path).status_code, client.head(path).text) for path in ("/healthz", "/readyz")] == [
            (200, "")
        ] * 2
        client.get("/v1/limits", headers={"X-Request-ID": "mine-1"})
        client.get("/v1/limits", headers={"X-Request-ID": 'spoofed"}'})

    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request" and line["path"] == "/v1/limits"]
    assert requests[0]["request_id"] == "mine-1"
    assert "spoofed" not in requests[1]["request_id"]


def test_stopping_kills_running_solves(tmp_path: Path) -> None:
    body = json.dumps(hard_request(), default=str)
    with (
        service(tmp_path, shutdown_s=1) as running,
        running.client() as http,
        connect_sse(http, "POST", "/v1/solve", content=body, headers=EVENTS) as source,
    ):
        next(source.iter_sse())
        children = running.children()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=10) is not None
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
        with pytest.raises(httpx.HTTPError):
            http.get("/healthz")
