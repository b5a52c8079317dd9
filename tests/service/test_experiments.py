"""Experiments over HTTP: submitted, followed, stopped, resumed, extended and deleted."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psutil
import pytest

from support.batches import lines
from support.cells import ENDED, cells, check_each_cell_once, runs_of, state, submit, tiny_experiment, wait
from support.databases import on_postgresql, on_sqlite
from support.datasets import ended, send
from support.deployment import TINY, Deployment, deployment, descendants, slow
from support.following import follow
from support.receiver import Receiver, receiver
from support.service import wait_for

TOLERANCES = [0.05, 0.1, 0.2]


@pytest.fixture(scope="module")
def place() -> Iterator[Receiver]:
    """What is told that experiments end."""
    with receiver() as listening:
        yield listening


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, place: Receiver
) -> Iterator[Deployment]:
    """A service and a worker, with a webhook."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").database()
    folder = tmp_path_factory.mktemp("experiments")
    kinds = ["experiment.completed", "experiment.failed", "experiment.cancelled"]
    with deployment(folder, database_url=url, webhook_allow='["127.0.0.0/8"]') as started:
        with started.client() as client:
            client.post("/v1/webhooks", json={"url": place.url("/200"), "kinds": kinds}).raise_for_status()
        yield started


@pytest.fixture
def client(running: Deployment) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def _check_told(place: Receiver, experiment_id: str, *ended: dict[str, Any]) -> None:
    """Each end of an experiment is told once; the same message may come twice."""

    def told() -> list[dict[str, Any]]:
        messages = {message["id"]: message for message in (json.loads(request.body) for request in place.got)}
        mine = [message for message in messages.values() if message["experiment_id"] == experiment_id]
        return sorted(mine, key=lambda message: message["created_at"])

    assert wait_for(lambda: len(told()) >= len(ended), 30)
    assert [message["kind"] for message in told()] == [f"experiment.{over['job_status']}" for over in ended]
    for message, over in zip(told(), ended, strict=True):
        names = message["experiment"].keys() - {"cells"}  # running ones are cancelled after the stop
        assert names >= {"name", "job_status", "error", "created_at", "started_at", "ended_at"}
        assert {name: message["experiment"][name] for name in names} == {name: over[name] for name in names}


def test_each_cell_is_a_run_and_its_plan_is_there(running: Deployment, client: httpx.Client) -> None:
    """10 + 11 + 12 + 13 = 46 in all; two reps with two accounts each: 23 and 23, within every tolerance."""
    experiment_id = submit(client, tiny_experiment(TOLERANCES, seeds=2))
    over = wait(client, experiment_id)

    assert over["job_status"] == "completed"
    assert over["cells"] == {"queued": 0, "running": 0, "completed": 6, "failed": 0, "cancelled": 0}
    check_each_cell_once(running, experiment_id, 6)
    for cell in cells(client, experiment_id):
        plan = client.get(f"/v1/runs/{cell['run_id']}/plan").json()
        assert plan["run_id"] == cell["run_id"]
        assert plan["objective"]["value"] == pytest.approx(46.0)
        seats = pl.read_csv(client.get(f"/v1/runs/{cell['run_id']}/plan", params={"format": "csv"}).content)
        assert len(seats) == 4
    assert b"ROWS" in client.get(f"/v1/runs/{cell['run_id']}/model.mps").content


@on_postgresql
def test_an_experiment_is_followed_to_its_end(client: httpx.Client) -> None:
    """Six cells, never fewer ended than before; who comes back after the end hears it again."""
    experiment_id = submit(client, tiny_experiment([0.15, 0.25, 0.35], seeds=2))
    place = f"/v1/experiments/{experiment_id}/events"
    told = follow(client, place)
    again = follow(client, place, told[-1].id)

    assert [event.event for event in told] == ["progress"] * (len(told) - 1) + ["ended"]
    states = [json.loads(event.data) for event in told]
    assert states[-1] == state(client, experiment_id)
    assert (states[-1]["cells"]["completed"], states[-1]["remaining_s"]) == (6, 0.0)
    ended = [one["cells"]["completed"] for one in states]
    assert ended == sorted(ended)
    assert [(event.event, event.data) for event in again] == [("ended", told[-1].data)]
    assert client.get(place, headers={"Last-Event-ID": "3"}).status_code == 422
    assert client.get("/v1/experiments/exp-none/events").status_code == 404


@on_sqlite
def test_results_come_as_json_csv_parquet_and_html(client: httpx.Client) -> None:
    experiment_id = submit(client, tiny_experiment(TOLERANCES))
    wait(client, experiment_id)
    place = f"/v1/experiments/{experiment_id}/results"
    document = client.get(place).json()
    texts = {form: client.get(place, params={"format": form}) for form in ("csv", "parquet", "html")}

    assert document["experiment_id"] == experiment_id
    assert document["status"] == "complete"
    assert len(pl.read_csv(texts["csv"].content)) == len(pl.read_parquet(io.BytesIO(texts["parquet"].content))) == 3
    assert texts["html"].text.startswith("<!doctype html>")
    assert "script-src" in texts["html"].headers["content-security-policy"]
    assert client.get(place, headers={"Accept": "text/csv"}).text == texts["csv"].text
    assert client.get(place, headers={"Accept": "image/png"}).status_code == 406


@on_sqlite
def test_an_estimate_says_what_it_comes_to(client: httpx.Client) -> None:
    """Three tolerances and two seeds: six cells of at most ten seconds."""
    found = client.post("/v1/experiments/estimate", json=tiny_experiment(TOLERANCES, seeds=2)).json()

    assert found["cells"] >= 6
    assert found["by_kind"]["policy"] == 6
    assert found["solve_seconds_at_most"] >= 60


@on_sqlite
def test_too_many_cells_are_refused_with_count_and_limit(client: httpx.Client) -> None:
    """21 tolerances and 100 seeds are 2,100 cells."""
    document = tiny_experiment([0.01 * n for n in range(1, 22)], seeds=100)
    refused = client.post("/v1/experiments", json=document)

    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_cells")
    assert refused.json()["limit"] == {"name": "max_experiment_cells", "value": 2000.0}
    assert "2,100 solves" in refused.json()["detail"]


def test_the_same_key_makes_one_experiment(client: httpx.Client) -> None:
    document = tiny_experiment([0.3], name="once")
    first, second = (submit(client, document, **{"Idempotency-Key": "experiment-1"}) for _ in range(2))
    listed = [one["experiment_id"] for one in client.get("/v1/experiments").json()["items"] if one["name"] == "once"]

    assert first == second
    assert listed == [first]


def test_stopped_and_resumed(running: Deployment, client: httpx.Client, place: Receiver) -> None:
    """What has ended stays, what was cancelled is solved anew under a new run; both ends are told."""
    hard = slow(1)
    document = tiny_experiment(TOLERANCES, seeds=2, problems=[{"problem": hard["problem"]}], options=hard["options"])
    experiment_id = submit(client, document)
    assert wait_for(lambda: state(client, experiment_id)["cells"]["completed"] >= 1, 40)
    before = {cell["key"]: cell for cell in cells(client, experiment_id) if cell["job_status"] == "completed"}

    stopped = client.post(f"/v1/experiments/{experiment_id}/stop").json()
    assert stopped["job_status"] == "cancelled"
    last = follow(client, f"/v1/experiments/{experiment_id}/events")[-1]
    assert (last.event, json.loads(last.data)["cells"]["running"]) == ("ended", 0)
    refused = client.get(f"/v1/experiments/{experiment_id}/results")
    assert (refused.status_code, refused.json()["code"]) == (409, "experiment_not_ended")
    partial = client.get(f"/v1/experiments/{experiment_id}/results", params={"partial": True})
    assert partial.json()["status"] == "partial"
    resumed = client.post(f"/v1/experiments/{experiment_id}/resume").json()
    assert resumed["cells"]["queued"] >= 3
    over = wait(client, experiment_id)
    assert over["job_status"] == "completed"

    _check_told(place, experiment_id, stopped, over)
    check_each_cell_once(running, experiment_id, 6)
    after = {cell["key"]: cell["run_id"] for cell in cells(client, experiment_id)}
    assert {key: after[key] for key in before} == {key: cell["run_id"] for key, cell in before.items()}


@on_postgresql
def test_extended_cells_keep_their_runs(running: Deployment, client: httpx.Client, place: Receiver) -> None:
    """Two tolerances, then one more and one more seed: 2, then 2 x 2 + 2 of the policy that was added = 6.

    It ends twice, and both ends are told.
    """
    experiment_id = submit(client, tiny_experiment(TOLERANCES[:2]))
    first = wait(client, experiment_id)
    before = {cell["key"]: cell["run_id"] for cell in cells(client, experiment_id)}
    extension = {"policies": [{"id": "bare", "policy": {"constraints": [{"kind": "capacity"}]}}], "seeds": [0, 7]}

    answer = client.post(f"/v1/experiments/{experiment_id}/extend", json=extension)

    assert answer.status_code == 202, answer.text
    second = wait(client, experiment_id)
    assert second["job_status"] == "completed"
    _check_told(place, experiment_id, first, second)
    after = {cell["key"]: cell["run_id"] for cell in cells(client, experiment_id)}
    assert len([cell for cell in cells(client, experiment_id) if "policy" in cell["kinds"]]) == 6
    assert {key: after[key] for key in before} == before
    check_each_cell_once(running, experiment_id, len(after))


@on_sqlite
def test_a_cell_without_a_plan_does_not_fail_the_experiment(client: httpx.Client) -> None:
    """Its caller deletes the run of a cell; what is left is compared."""
    experiment_id = submit(client, tiny_experiment([0.1]))
    wait(client, experiment_id)
    client.delete(f"/v1/runs/{cells(client, experiment_id)[0]['run_id']}")
    client.post(f"/v1/experiments/{experiment_id}/extend", json={"seeds": [3]})
    over = wait(client, experiment_id)

    assert over["job_status"] == "completed"
    assert over["cells"]["cancelled"] >= 1
    assert client.get(f"/v1/experiments/{experiment_id}/results").json()["status"] == "partial"


@on_postgresql
def test_an_experiment_is_erased_with_its_runs(running: Deployment, client: httpx.Client) -> None:
    experiment_id = submit(client, tiny_experiment(TOLERANCES))
    wait(client, experiment_id)
    made: list[dict[str, Any]] = runs_of(client, experiment_id)

    assert client.delete(f"/v1/experiments/{experiment_id}").status_code == 204
    assert client.get(f"/v1/experiments/{experiment_id}").status_code == 404
    assert runs_of(client, experiment_id) == []
    assert {client.get(f"/v1/runs/{run['run_id']}").status_code for run in made} == {404}


@on_sqlite
def test_cells_of_a_dataset_are_solved_and_perturbed(client: httpx.Client) -> None:
    """Two policies, and one perturbed problem of the first: three cells, whose plans are tables; compared by seats."""
    tables = {name: lines(TINY["problem"][name]) for name in ("accounts", "reps")}
    dataset_id = send(client, {name: b"".join(rows) for name, rows in tables.items()}, "ndjson")["dataset_id"]
    assert ended(client, dataset_id)["valid"]
    document = tiny_experiment(TOLERANCES[:2], problems=[{"dataset_id": dataset_id}], stability={"samples": 1})
    experiment_id = submit(client, document)

    assert wait(client, experiment_id)["cells"]["completed"] == 3
    found = {cell["kinds"][0]: cell for cell in cells(client, experiment_id)}
    assert found["policy"]["objective_value"] == pytest.approx(46.0)
    assert found["stability"]["objective_value"] != pytest.approx(46.0)
    results = client.get(f"/v1/experiments/{experiment_id}/results").json()
    assert results["status"] == "complete"
    assert [row["metrics"]["uncovered"] for row in results["rows"]] == [0, 0]


@pytest.mark.long
def test_comparisons_have_their_turn_as_solves_have(tmp_path: Path) -> None:
    """Eight experiments end together on one slot: no more than two solver children run beside each other.

    One solves or compares, and one may be kept warm meanwhile.
    """
    with deployment(tmp_path) as running, running.client() as client:
        mine = [submit(client, tiny_experiment([0.1], name=f"e{n}")) for n in range(8)]
        (worker,) = running.workers
        most = 0
        while any(state(client, one)["job_status"] not in ENDED for one in mine):
            most = max(most, sum(_is_solver(child) for child in descendants(worker.pid)))
        assert [wait(client, one)["job_status"] for one in mine] == ["completed"] * len(mine)
    assert most <= 2


def _is_solver(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "coverplan.process.work" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    return False
