"""Runs that name what was stored before: a dataset, a policy, an earlier run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.cells import wait
from support.datasets import bodies, ended, head_of, send
from support.deployment import Deployment, deployment

PROBLEM: dict[str, Any] = generate(120, 8, pairs=8, seed=3)
POLICY: dict[str, Any] = {"constraints": [{"kind": "capacity"}, {"kind": "keep_current", "max_moved_share": 0.5}]}
OPTIONS = {"time_limit_s": 10, "relative_gap": 0.001}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with a worker on SQLite."""
    with deployment(tmp_path_factory.mktemp("named")) as started:
        yield started


@pytest.fixture(scope="module")
def client(running: Deployment) -> Iterator[httpx.Client]:
    """A client of it."""
    with running.client() as client:
        yield client


@pytest.fixture(scope="module")
def dataset_id(client: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The problem as a checked dataset."""
    folder = tmp_path_factory.mktemp("tables")
    committed = send(client, bodies(PROBLEM, "parquet", folder), "parquet", problem=head_of(PROBLEM))
    state = ended(client, committed["dataset_id"])
    assert state["valid"], state
    return str(state["dataset_id"])


def test_a_dataset_is_solved_like_its_document(running: Deployment, client: httpx.Client, dataset_id: str) -> None:
    """The plan is that of the document, as JSON and as tables, and verified against it."""
    run_id = running.submit({"dataset_id": dataset_id, "policy": POLICY, "options": OPTIONS})
    inline = running.submit({"problem": PROBLEM, "policy": POLICY, "options": OPTIONS})
    state, same = running.wait(run_id), running.wait(inline)
    plan = client.get(f"/v1/runs/{run_id}/plan").json()
    packed = client.get(f"/v1/runs/{run_id}/plan", params={"format": "parquet"})
    text = client.get(f"/v1/runs/{run_id}/plan", headers={"Accept": "text/csv"})

    assert state["job_status"] == "completed", state
    assert state["dataset_id"] == dataset_id
    assert state["objective_value"] == pytest.approx(same["objective_value"], rel=2e-3)
    assert verify(PROBLEM, POLICY, plan).ok
    covered = {(seat["account_id"], seat["rep_id"]) for seat in plan["assignments"]}
    for table in (pl.read_parquet(io.BytesIO(packed.content)), pl.read_csv(text.content)):
        held = table.filter(pl.col("rep_id").is_not_null() & (pl.col("rep_id") != ""))
        assert set(held.select("account_id", "rep_id").rows()) == covered


def test_a_run_of_a_dataset_starts_from_another_one(running: Deployment, dataset_id: str) -> None:
    """Its plan is never worse."""
    document = {"dataset_id": dataset_id, "policy": POLICY, "options": OPTIONS}
    first = running.submit(document)
    before = running.wait(first)
    after = running.wait(running.submit({**document, "start_run_id": first}))

    assert after["objective_value"] >= before["objective_value"] - 1e-6


def test_what_names_a_policy_outlives_it(tmp_path: Path) -> None:
    """A run that waits, and an experiment that is extended afterwards: both have the policy as it was.

    Two accounts, of which a rep has time for one: 20; at half of the time for none.
    """
    accounts = [{"id": "a", "potential": 10}, {"id": "b", "potential": 20}]
    problem = {"accounts": accounts, "reps": [{"id": "r", "capacity_hours": 1}]}
    ref = {"policy_ref": {"name": "short"}}
    axis = {"path": "/constraints/[id=capacity]/utilisation", "values": [1.0]}
    with deployment(tmp_path, workers=0) as started, started.client() as client:
        policy = {"constraints": [{"kind": "capacity", "id": "capacity", "utilisation": 0.5}]}
        assert client.post("/v1/policies", json={"name": "short", "policy": policy}).is_success
        run_id = started.submit({"problem": problem, **ref})
        body = {"problems": [{"problem": problem}], "policies": [ref], "grid": {**ref, "axes": [axis]}}
        made = client.post("/v1/experiments", json=body)
        assert made.status_code == 202, made.text
        assert client.delete("/v1/policies/short").status_code == 204
        extended = client.post(f"{made.headers['location']}/extend", json={"seeds": [0, 1]})
        assert extended.status_code == 202, extended.text
        assert client.post(f"{made.headers['location']}/extend", json={"policies": [ref]}).status_code == 404
        started.start_worker()
        state = started.wait(run_id)
        over = wait(client, made.json()["experiment_id"])
        found = client.get(f"{made.headers['location']}/results").json()

    assert (state["job_status"], state["policy_name"], state["objective_value"]) == ("completed", "short", 0.0)
    assert over["job_status"] == "completed"
    assert sorted({row["reference"]["objective"] for row in found["rows"]}) == [0.0, 20.0]


def test_a_run_names_a_stored_policy(running: Deployment, client: httpx.Client, dataset_id: str) -> None:
    """By default its latest version; the run says which."""
    for share in (0.0, 1.0):
        policy = {"constraints": [{"kind": "capacity"}, {"kind": "keep_current", "max_moved_share": share}]}
        assert client.post("/v1/policies", json={"name": "moves", "policy": policy}).is_success
    runs = [
        running.submit({**facts, "policy_ref": {"name": "moves", **version}, "options": OPTIONS})
        for facts in ({"problem": PROBLEM}, {"dataset_id": dataset_id})
        for version in ({"version": 1}, {})
    ]
    states = [running.wait(run_id) for run_id in runs]

    assert [state["policy_version"] for state in states] == [1, 2, 1, 2]
    moved = [client.get(f"/v1/runs/{run_id}/plan").json()["summary"]["moved"] for run_id in runs]
    assert moved[0] == moved[2] == 0
    assert moved[1] > 0
    assert moved[3] > 0


def test_what_is_not_there_cannot_be_named(client: httpx.Client, dataset_id: str) -> None:
    """Each has its error; a stored policy is checked against an inline problem."""
    client.post(
        "/v1/policies",
        json={"name": "ids", "policy": {"constraints": [{"kind": "protect", "accounts": {"ids": ["x"]}}]}},
    )
    for body, status, code in (
        ({"dataset_id": "nothing"}, 404, "not_found"),
        ({"dataset_id": dataset_id, "policy_ref": {"name": "nothing"}}, 404, "not_found"),
        ({"dataset_id": dataset_id, "policy_ref": {"name": "ids", "version": 2**63}}, 422, "invalid"),
        ({"dataset_id": dataset_id, "start_run_id": "nothing"}, 404, "not_found"),
        ({"problem": PROBLEM, "policy_ref": {"name": "ids"}}, 422, "invalid"),
    ):
        answer = client.post("/v1/runs", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
