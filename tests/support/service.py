"""A real service in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from support.ports import free_port

JSON = {"Content-Type": "application/json"}
EVENTS = {**JSON, "Accept": "text/event-stream"}


@dataclass(frozen=True)
class Service:
    """Where it listens, and its process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def client(self) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def children(self) -> list[psutil.Process]:
        """Its solver children and theirs."""
        if self.process.poll() is not None:
            return []
        return psutil.Process(self.process.pid).children(recursive=True)

    def memory(self) -> int:
        """Resident bytes of the service without its children."""
        return int(psutil.Process(self.process.pid).memory_info().rss)


@contextmanager
def service(folder: Path, **settings: object) -> Iterator[Service]:
    """A service with these settings, ready; none of its processes or files is left afterwards."""
    port = free_port()
    work = folder / "work"
    chosen = {"port": port, "slots": 1, "work_dir": work, "data_dir": folder / "data", **settings}
    env = {**os.environ, **{f"COVERPLAN_{name.upper()}": str(value) for name, value in chosen.items()}}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", "from coverplan.api.serve import run; run(with_worker=False)"], env=env, stderr=log
        )
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


def _wait_until_ready(running: Service) -> None:
    until = time.monotonic() + 60
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
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
