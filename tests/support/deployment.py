"""A service and workers, each in a process of its own, on one database: what is killed can be started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from support.ports import free_port
from support.started import Started, command
from support.timing import PATIENCE_S, look_again

_KEPT = 20_000
POLICY: dict[str, Any] = {"constraints": [{"kind": "capacity"}]}
TINY: dict[str, Any] = {
    "problem": {
        "accounts": [{"id": f"a{n}", "potential": 10 + n} for n in range(4)],
        "reps": [{"id": f"r{n}", "capacity_hours": 2} for n in range(2)],
    },
    "policy": POLICY,
    "options": {"time_limit_s": 10, "relative_gap": 0},
}


class Deployment:
    """Where it listens, and its processes."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        chosen = {"port": self.port, "slots": 1, "work_dir": folder / "work", "data_dir": folder / "data", **settings}
        names = {f"COVERPLAN_{name.upper()}": str(value) for name, value in chosen.items() if value is not None}
        self.env = {**os.environ, **names}
        self.api: Started | None = None
        self.workers: list[Started] = []
        self.logs: dict[int, str] = {}
        """Log of each worker by its process id."""

    def client(self, seconds: float = 30.0) -> httpx.Client:
        """A client of the service; reading certificates would take longer than a call."""
        return httpx.Client(base_url=self.url, timeout=seconds, trust_env=False, verify=False)

    def start_api(self, *arguments: str) -> None:
        """Start the service and wait until it answers."""
        self.api = self._start("serve", *arguments, log="api.log", COVERPLAN_WARM_CHILDREN="0")
        until = time.monotonic() + PATIENCE_S
        with self.client() as client:
            while time.monotonic() < until and self.api.poll() is None:
                try:
                    if client.get("/healthz").status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
        raise AssertionError(f"the service does not start: {self.log('api.log')}")

    def start_worker(self, **environment: str) -> Started:
        """Start a worker; it takes a second or two until it takes runs (`await_workers`)."""
        log = f"worker-{len(self.logs)}.log"
        worker = self._start("worker", log=log, **environment)
        self.workers.append(worker)
        self.logs[worker.pid] = log
        return worker

    def await_workers(self) -> None:
        """Wait until all workers take runs."""
        until = time.monotonic() + PATIENCE_S
        for worker in self.workers:
            while b"worker started" not in (self.folder / self.logs[worker.pid]).read_bytes():
                assert worker.poll() is None, self.log(self.logs[worker.pid])
                assert time.monotonic() < until
                time.sleep(0.05)

    def log(self, name: str) -> str:
        """The end of what a process wrote."""
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")[-_KEPT:]

    def stop(self) -> None:
        """Stop everything; no process is left."""
        processes = [process for process in (*self.workers, self.api) if process is not None]
        children = [child for process in processes for child in descendants(process.pid)]
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, alive

    def submit(self, document: Mapping[str, Any], **headers: str) -> str:
        """Submit a run."""
        with self.client() as client:
            answer = client.post("/v1/runs", json=document, headers=headers)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        run_id: str = answer.json()["run_id"]
        return run_id

    def state(self, run_id: str) -> dict[str, Any]:
        """How far a run is."""
        with self.client() as client:
            return state_of(client, run_id)

    def wait(self, run_id: str, *statuses: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The state of a run once its job has one of these statuses; by default, once it has ended."""
        wanted = statuses or ("completed", "failed", "cancelled")
        began = time.monotonic()
        with self.client() as client:
            while (state := state_of(client, run_id))["job_status"] not in wanted:
                assert time.monotonic() < began + seconds, state
                look_again(began)
        return state

    def wait_through(self, run_id: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """The state of a run once it has ended, although the service may not answer for a while."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self.client() as client:
                answer = client.get(f"/v1/runs/{run_id}")
            if answer.status_code == httpx.codes.OK:
                return self.wait(run_id, seconds=until - time.monotonic())
            time.sleep(0.2)
        raise AssertionError(answer.text)

    def _start(self, *words: str, log: str, **environment: str) -> Started:
        return Started(command, *words, env={**self.env, **environment}, log=self.folder / log)


def state_of(client: httpx.Client, run_id: str) -> dict[str, Any]:
    """How far a run is, by a client that asks again and again."""
    answer = client.get(f"/v1/runs/{run_id}")
    assert answer.status_code == httpx.codes.OK, answer.text
    state: dict[str, Any] = answer.json()
    return state


@contextmanager
def deployment(folder: Path, *, workers: int = 1, **settings: object) -> Iterator[Deployment]:
    """A service of role `api` and workers, on the database that `database_url` names."""
    started = Deployment(folder, settings)
    try:
        started.start_api("--role", "api")
        for _ in range(workers):
            started.start_worker()
        started.await_workers()
        yield started
    finally:
        started.stop()


def descendants(pid: int) -> list[psutil.Process]:
    """Processes below this one."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def slow(seconds: float, method: str = "exact", accounts: int = 300, reps: int = 20) -> dict[str, Any]:
    """A run that uses all of its time: more than can be proven in it. The exact method needs one process only."""
    from coverplan.tables.generate import generate  # noqa: PLC0415 - polars takes a moment to import

    return {
        "problem": generate(accounts, reps, pairs=10, seed=1),
        "policy": {
            "constraints": [
                {"kind": "capacity", "utilisation": 0.9},
                {"kind": "balance", "measure": "revenue", "tolerance": 0.05, "penalty": 0.5},
                {"kind": "balance", "id": "count", "measure": "accounts", "tolerance": 0.05, "penalty": 900},
            ]
        },
        "options": {"time_limit_s": seconds, "relative_gap": 0, "method": method},
    }
