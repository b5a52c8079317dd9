"""A disk is full at each of three places: it is said, nothing is half accepted, and nothing accepted is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.cells import submit, tiny_experiment
from support.cells import wait as wait_for_experiment
from support.datasets import begin, ended, put
from support.deployment import TINY, Deployment, deployment, slow
from support.disks import filled, small_disk
from support.postgres import Postgres
from support.service import in_process, wait_for
from support.timing import PATIENCE_S

WHILE_FULL_S = 4.0
STORING: list[tuple[str, Any]] = [
    ("/v1/runs", TINY),
    ("/v1/policies", {"name": "p", "policy": {}}),
    ("/v1/datasets", {}),
    ("/v1/experiments", tiny_experiment([0.1])),
]
"""Calls that store something."""


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def expect_refusals(answers: list[httpx.Response]) -> None:
    assert [code(answer) for answer in answers] == [(503, "storage_lost")] * len(answers)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)


def requests_in(blobs: Path) -> set[str]:
    """Runs whose requests are stored."""
    return {file.parent.name for file in blobs.rglob("request.json")}


@pytest.mark.parametrize("place", ["work_dir", "blob_url", "data_dir"])
def test_a_full_disk_is_said_before_anything_is_taken_in(place: str, tmp_path: Path) -> None:
    """By `/readyz`, and by each call that would store something; what only reads is answered."""
    with small_disk(tmp_path / "small", 4) as small:
        elsewhere = {
            "work_dir": tmp_path / "work",
            "data_dir": tmp_path / "data",
            "blob_url": f"file://{tmp_path}/blobs",
        }
        chosen = {**elsewhere, place: f"file://{small}/blobs" if place == "blob_url" else small / "folder"}
        folder = chosen.pop("data_dir")
        assert isinstance(folder, Path)
        url = f"sqlite:///{folder / 'coverplan.db'}"
        with in_process(url, folder, **chosen) as client:

            def store() -> list[httpx.Response]:
                return [client.request("POST", path, json=body) for path, body in STORING]

            before = store()
            with filled(small):
                assert wait_for(lambda: client.request("GET", "/readyz").status_code == 503)
                unready = client.request("GET", "/readyz").json()["detail"]
                refused = store()
                listed = client.request("GET", "/v1/runs")
                solved = client.request("POST", "/v1/solve", json=TINY)
            assert wait_for(lambda: client.request("GET", "/readyz").status_code == 200)
            after = store()
        kept = requests_in(small / "blobs" if place == "blob_url" else tmp_path / "blobs")

    assert {answer.status_code for answer in before} <= {201, 202}
    expect_refusals(refused)
    words = {"work_dir": "COVERPLAN_WORK_DIR", "blob_url": "COVERPLAN_BLOB_URL", "data_dir": "COVERPLAN_DATABASE_URL"}
    assert words[place] in unready
    assert all(words[place] in answer.json()["detail"] for answer in refused)
    assert listed.status_code == 200
    assert solved.status_code == (503 if place == "work_dir" else 200)
    assert {answer.status_code for answer in after} <= {200, 201, 202}
    assert kept == {answers[0].json()["run_id"] for answers in (before, after)}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 8) as folder:
        yield folder


def test_runs_wait_for_a_work_folder_that_is_full(small: Path, tmp_path: Path) -> None:
    """Of the worker: one run is being solved, others, an experiment and a dataset come while it is full.

    Each ends well once there is room, at the first attempt; one is cancelled meanwhile.
    """
    with deployment(tmp_path, workers=0) as running:
        running.start_worker(COVERPLAN_WORK_DIR=str(small))
        running.await_workers()
        solving = running.submit(slow(3))
        assert wait_for(lambda: running.state(solving)["objective_value"] is not None, PATIENCE_S)
        with filled(small), running.client() as client:
            waiting, unwanted = (running.submit(TINY) for _ in range(2))
            experiment = submit(client, tiny_experiment([0.1]))
            dataset = begin(client)
            put(client, dataset, "accounts", "csv", b"id\na\n")
            put(client, dataset, "reps", "csv", b"id\nr\n")
            client.post(f"/v1/datasets/{dataset}/commit").raise_for_status()
            running.wait(unwanted, "running")
            time.sleep(WHILE_FULL_S)  # longer than the solve takes
            meanwhile = [running.state(run)["job_status"] for run in (solving, waiting, unwanted)]
            client.post(f"/v1/runs/{unwanted}/cancel").raise_for_status()
            cancelled = running.wait(unwanted)
        states = [running.wait(run) for run in (solving, waiting)]
        with running.client() as client:
            over = wait_for_experiment(client, experiment)
            checked = ended(client, dataset)

    assert meanwhile == ["running"] * 3
    assert (cancelled["job_status"], cancelled["attempts"]) == ("cancelled", 1)
    assert [(state["job_status"], state["attempts"]) for state in states] == [("completed", 1)] * 2
    assert (states[0]["stopped_by"], states[1]["solution_status"]) == ("time_limit", "optimal")
    assert over["job_status"] == "completed"
    assert (checked["job_status"], checked["valid"]) == ("completed", True)


def test_a_plan_waits_for_a_blob_store_that_is_full(small: Path, tmp_path: Path) -> None:
    """New runs are refused with 503; once there is room, the accepted run completes, at its first attempt."""
    with deployment(tmp_path, blob_url=f"file://{small}/blobs") as running:
        run_id, unwanted = running.submit(slow(3)), running.submit(slow(3))
        running.wait(run_id, "running")
        with filled(small):
            with running.client() as client:
                assert wait_for(lambda: client.get("/readyz").status_code == 503)
                refused = client.post("/v1/runs", json=TINY)
            time.sleep(WHILE_FULL_S)
            meanwhile = running.state(run_id)
            with running.client() as client:
                client.post(f"/v1/runs/{unwanted}/cancel").raise_for_status()
            cancelled = running.wait(unwanted)
        state = running.wait(run_id)
        kept = requests_in(small / "blobs")

    expect_refusals([refused])
    assert meanwhile["job_status"] == "running"
    assert cancelled["job_status"] == "cancelled"
    assert (state["job_status"], state["attempts"]) == ("completed", 1)
    assert kept == {run_id, unwanted}


def test_a_full_disk_under_the_database_loses_nothing(small: Path, tmp_path: Path) -> None:
    """SQLite: a run ends while nothing can be written down."""
    with deployment(tmp_path, data_dir=small / "data", blob_url=f"file://{tmp_path}/blobs") as running:
        check_database(running, small, tmp_path / "blobs")


def test_a_full_disk_under_a_server_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL, likewise."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # later servers have one that lasts
    with small_disk(tmp_path / "small", 160) as disk:
        (disk / "pg").mkdir()
        server = Postgres(disk / "pg")
        try:
            with deployment(tmp_path, database_url=server.database()) as running:
                check_database(running, disk, tmp_path / "data" / "blobs")
        finally:
            server.stop()


def check_database(running: Deployment, disk: Path, blobs: Path) -> None:
    run_id = running.submit(slow(3))
    assert wait_for(lambda: running.state(run_id)["objective_value"] is not None, PATIENCE_S)
    with filled(disk), running.client() as client:
        assert wait_for(lambda: client.get("/readyz").status_code == 503, PATIENCE_S)
        refused = [client.post(path, json=body) for path, body in STORING]
        seen = client.get(f"/v1/runs/{run_id}")
        time.sleep(WHILE_FULL_S)
    state = running.wait_through(run_id)
    with running.client() as client:
        assert wait_for(lambda: client.get("/readyz").status_code == 200, PATIENCE_S)
    again = running.wait(running.submit(TINY))

    expect_refusals(refused)
    assert seen.status_code == 200
    assert (state["job_status"], state["attempts"]) == ("completed", 1)
    assert again["job_status"] == "completed"
    assert requests_in(blobs) == {state["run_id"], again["run_id"]}
