"""A real service in a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from coverplan.api.app import create_app
from coverplan.api.serve import run
from coverplan.settings import Settings
from support.ports import free_port
from support.started import Started
from support.timing import PATIENCE_S, look_again

JSON = {"Content-Type": "application/json"}
EVENTS = {**JSON, "Accept": "text/event-stream"}


@dataclass(frozen=True)
class Service:
    """Where it listens, and its process."""

    url: str
    process: Started
    log: Path

    def client(self) -> httpx.Client:
        """A client of it; reading certificates would take longer than a call."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False)

    def children(self) -> list[psutil.Process]:
        """Its solver children and theirs."""
        if self.process.poll() is not None:
            return []
        return psutil.Process(self.process.pid).children(recursive=True)

    def memory(self) -> int:
        """Resident bytes of the service without its children."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@contextmanager
def service(folder: Path, *, with_worker: bool = False, **settings: object) -> Iterator[Service]:
    """A service with these settings, ready; none of its processes or files is left afterwards."""
    port = free_port()
    work = folder / "work"
    chosen = {"port": port, "slots": 1, "work_dir": work, "data_dir": folder / "data", **settings}
    env = {**os.environ, **{f"COVERPLAN_{name.upper()}": str(value) for name, value in chosen.items()}}
    process = Started(run, env=env, log=folder / "log", with_worker=with_worker)
    running = Service(f"http://127.0.0.1:{port}", process, folder / "log")
    try:
        _wait_until_ready(running)
        yield running
        children = running.children()
    finally:
        process.terminate()
        process.wait(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert list(work.iterdir()) == []


class InProcess:
    """Calls to an app in this process."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self._client = portal, client

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer to a call."""
        return self._portal.call(partial(self._client.request, method, path, **request))


@contextmanager
def in_process(database_url: str, folder: Path, **settings: object) -> Iterator[InProcess]:
    """An app in this process, for calls that end before anything is solved: much faster than a service."""
    chosen = {"database_url": database_url, "data_dir": folder, "warm_children": 0, **settings}
    app = create_app(Settings.model_validate(chosen))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_client(app)) as client:
        yield InProcess(portal, client)


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


def _wait_until_ready(running: Service) -> None:
    until = time.monotonic() + PATIENCE_S
    with running.client() as client:
        while time.monotonic() < until and running.process.poll() is None:
            try:
                if client.get("/readyz").status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise AssertionError(f"the service does not start: {running.log.read_text()[-3000:]}")


def wait_for(condition: object, seconds: float = 10.0) -> bool:
    """Whether a condition (a function) comes true in time."""
    assert callable(condition)
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if condition():
            return True
        look_again(began)
    return bool(condition())
