"""What is attacked: a real service and real workers, each a command in a process of its own, and who watches them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import sqlalchemy as sa

from coverplan.store.database import Database
from coverplan.store.schema import deliveries, runs, workers
from support.deployment import Deployment, descendants
from support.postgres import Postgres
from support.started import Started
from support.timing import PATIENCE_S

SLOTS = 2
"""Of each worker: what a killed one leaves finds a free one although others are at work."""
_LOOK_S = 0.02
_PROBE_EVERY_S = 0.1
_PROBE_PATIENCE_S = 60.0
_GONE_S = 15.0
"""Within which solver children must have followed a process that was killed."""


class Spawned(Started):
    """`coverplan` as it is installed, in a process of its own."""

    def __init__(self, words: tuple[str, ...], env: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as file:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "coverplan", *words],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.pid = self._popen.pid

    def poll(self) -> int | None:
        """The exit code of a process that has ended."""
        return self._popen.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""
        return self._popen.wait(timeout)


class Target(Deployment):
    """A deployment of commands, and its database as an operator sees it."""

    def __init__(self, folder: Path, **settings: object) -> None:
        chosen = {
            "slots": SLOTS,
            "log_level": "info",
            "webhook_allow": json.dumps(["127.0.0.0/8"]),
            "webhook_timeout_s": 2,
            "webhook_backoff_s": 1,
            **settings,
        }
        super().__init__(folder, chosen)
        self.database = Database.open(self.env.get("COVERPLAN_DATABASE_URL") or f"sqlite:///{folder}/data/coverplan.db")

    def _start(self, *words: str, log: str, **environment: str) -> Started:
        environment.pop("COVERPLAN_WARM_CHILDREN", None)  # an economy of tests
        return Spawned(words, {**self.env, **environment}, self.folder / log)

    def worker_of(self, run_id: str) -> Started:
        """The process that has a run."""
        with self.database.read() as connection:
            name = connection.execute(sa.select(runs.c.worker).where(runs.c.id == run_id)).scalar()
        return self.process_of(str(name))

    def process_of(self, name: str) -> Started:
        """The process of a worker, which says its name in its log."""
        for one in self.workers:
            if name in (self.folder / self.logs[one.pid]).read_text(encoding="utf-8", errors="replace"):
                return one
        raise LookupError(name)

    def name_of(self, process: Started) -> str:
        """The name by which a worker is on the list."""
        log = (self.folder / self.logs[process.pid]).read_text(encoding="utf-8", errors="replace")
        return next(name for name in self.listed() if name in log)

    def listed(self) -> dict[str, int]:
        """The list of workers: their names and the keys of their places."""
        with self.database.read() as connection:
            return dict(connection.execute(sa.select(workers.c.id, workers.c.lock_key)).all())

    def messages_of(self, run_id: str) -> list[tuple[object, ...]]:
        """How far the messages are that tell of the end of a run: status, attempts, and what went wrong."""
        wanted = sa.select(deliveries.c.status, deliveries.c.attempts, deliveries.c.error, deliveries.c.next_at)
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(wanted.where(deliveries.c.run_id == run_id))]

    def begun(self, run_id: str, attempts: int, patience_s: float = PATIENCE_S) -> float:
        """The moment at which so many workers have begun a run, by this process's clock.

        Raises:
            TimeoutError: they have not in time.
        """
        until = time.monotonic() + patience_s
        with self.client() as client:
            while time.monotonic() < until:
                try:
                    answer = client.get(f"/v1/runs/{run_id}")
                except httpx.TransportError:
                    continue
                if answer.status_code == httpx.codes.OK and answer.json()["attempts"] >= attempts:
                    return time.monotonic()
                time.sleep(_LOOK_S)
        raise TimeoutError(f"{run_id} is not begun for the {attempts}. time after {patience_s:g} s")

    def stop(self) -> None:
        """Stop everything, also what stands still."""
        for one in (*self.workers, self.api):
            if one is not None:
                one.send_signal(signal.SIGCONT)
        super().stop()
        self.database.close()


class Death:
    """A process is killed (kill -9): when, and what it leaves."""

    def __init__(self, process: Started) -> None:
        self._children = descendants(process.pid)
        process.kill()
        self.at = time.monotonic()
        process.wait()

    def left(self) -> int:
        """How many of its children have not followed it although they had time."""
        _, alive = psutil.wait_procs(self._children, timeout=_GONE_S)
        return len(alive)


@contextmanager
def target(folder: Path, server: Postgres | None, workers: int = 2, **settings: object) -> Iterator[Target]:
    """A service of role `api` and workers on a new database of this server; without one, `serve` alone on SQLite."""
    made = Target(folder, database_url=None if server is None else server.database(), **settings)
    try:
        if server is None:
            made.start_api()
        else:
            made.start_api("--role", "api")
            for _ in range(workers):
                made.start_worker()
            made.await_workers()
        yield made
    finally:
        made.stop()


@contextmanager
def postgres(folder: Path | None = None) -> Iterator[Postgres]:
    """A PostgreSQL server of the attack's own."""
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()


class Probe:
    """Asks `/healthz` all the time, and looks how much memory the service has."""

    def __init__(self, running: Target) -> None:
        self.slowest_s = 0.0
        self.peak_mb = 0.0
        self.failed = 0
        """Probes that were not answered with 200."""
        self._running = running
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Probe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        with self._running.client(_PROBE_PATIENCE_S) as client:
            while not self._over.wait(_PROBE_EVERY_S):
                began = time.monotonic()
                try:
                    self.failed += client.get("/healthz").status_code != httpx.codes.OK
                except httpx.TransportError:
                    self.failed += 1
                self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                self.peak_mb = max(self.peak_mb, self._memory_mb())

    def _memory_mb(self) -> float:
        api = self._running.api
        try:
            return float(psutil.Process(api.pid).memory_info().rss) / 2**20 if api is not None else 0.0
        except psutil.NoSuchProcess:
            return 0.0
