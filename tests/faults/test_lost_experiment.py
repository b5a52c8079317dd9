"""Workers and services are killed in the middle of an experiment: each cell is solved once, and one end is told."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import httpx
import pytest

from support.cells import ENDED, check_each_cell_once, state, submit, tiny_experiment
from support.deployment import Deployment, deployment
from support.postgres import Postgres
from support.receiver import receiver
from support.started import Started
from support.timing import PATIENCE_S, look_again

TOLERANCES = [round(0.01 * n, 2) for n in range(1, 26)]
SEEDS = 4
CELLS = len(TOLERANCES) * SEEDS
KILLS = 5


def _kill(process: Started) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def _ended(running: Deployment, experiment_id: str) -> int:
    """How many cells have ended; -1 while the service does not answer."""
    try:
        with running.client() as client:
            return int(state(client, experiment_id)["cells"]["completed"])
    except httpx.TransportError:
        return -1


def _until(running: Deployment, experiment_id: str, cells: int) -> None:
    began = time.monotonic()
    while _ended(running, experiment_id) < cells:
        assert time.monotonic() < began + PATIENCE_S, running.log("worker-0.log")
        look_again(began)


def _until_over(running: Deployment, experiment_id: str) -> str:
    until = time.monotonic() + PATIENCE_S
    while True:
        with running.client() as client:
            found = state(client, experiment_id)
        if found["job_status"] in ENDED:
            return str(found["job_status"])
        assert time.monotonic() < until, found
        time.sleep(0.1)


def _document(running: Deployment, experiment_id: str) -> dict[str, object]:
    with running.client() as client:
        found: dict[str, object] = client.get(f"/v1/experiments/{experiment_id}/results").json()
    return found


@pytest.mark.timeout(300)
def test_five_kills_of_workers_and_of_the_service(postgres: Postgres, tmp_path: Path) -> None:
    """Two workers on PostgreSQL: a worker, the service, and so on, at random moments; each is started again."""
    moments = random.Random(6)
    url, allow = postgres.database(), '["127.0.0.0/8"]'
    with (
        receiver() as place,
        deployment(tmp_path, workers=2, database_url=url, webhook_allow=allow) as running,
    ):
        with running.client() as client:
            hook = {"url": place.url("/200"), "kinds": ["experiment.completed", "experiment.failed"]}
            webhook_id = client.post("/v1/webhooks", json=hook).json()["id"]
            experiment_id = submit(client, tiny_experiment(TOLERANCES, SEEDS))
        for kill in range(KILLS):
            _until(running, experiment_id, 8 * (kill + 1))
            time.sleep(moments.uniform(0.0, 0.3))
            if kill % 2:
                assert running.api is not None
                _kill(running.api)
                running.start_api("--role", "api")
            else:
                _kill(running.workers.pop(0))
                running.start_worker()
        assert _until_over(running, experiment_id) == "completed"
        check_each_cell_once(running, experiment_id, CELLS)
        assert _document(running, experiment_id)["status"] == "complete"
        with running.client() as client:
            told = client.get(f"/v1/webhooks/{webhook_id}/deliveries").json()["items"]
        assert [(one["kind"], one["experiment_id"]) for one in told] == [("experiment.completed", experiment_id)]


@pytest.mark.timeout(300)
def test_the_embedded_state_outlives_its_processes(tmp_path: Path) -> None:
    """On SQLite the service and its worker are killed together; the next ones go on by themselves."""
    with deployment(tmp_path) as running:
        with running.client() as client:
            experiment_id = submit(client, tiny_experiment(TOLERANCES[:10], 2))
        for cells in (3, 9):
            _until(running, experiment_id, cells)
            assert running.api is not None
            _kill(running.workers.pop())
            _kill(running.api)
            running.start_api("--role", "api")
            running.start_worker()
        assert _until_over(running, experiment_id) == "completed"
        check_each_cell_once(running, experiment_id, 20)
        assert _document(running, experiment_id)["status"] == "complete"
