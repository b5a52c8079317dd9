"""Experiments of tiny cells, and what they must come to."""

from __future__ import annotations

import time
from typing import Any

import httpx

from support.deployment import TINY, Deployment
from support.timing import PATIENCE_S, look_again

ENDED = ("completed", "failed", "cancelled")


def tiny_experiment(values: list[float], seeds: int = 1, **more: Any) -> dict[str, Any]:
    """Four accounts, two reps, even books: one cell per tolerance and seed, as each is its own reference."""
    rules = [{"kind": "capacity"}, {"kind": "balance", "measure": "revenue", "tolerance": 0.1}]
    axis = {"path": "/constraints/[id=balance]/tolerance", "values": values}
    return {
        "name": "tiny",
        "problems": [{"problem": TINY["problem"]}],
        "grid": {"policy": {"constraints": rules}, "axes": [axis]},
        "options": TINY["options"],
        "seeds": list(range(seeds)),
        **more,
    }


def submit(client: httpx.Client, document: dict[str, Any], **headers: str) -> str:
    """Id of a new experiment."""
    answer = client.post("/v1/experiments", json=document, headers=headers)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    experiment_id: str = answer.json()["experiment_id"]
    assert answer.headers["location"] == f"/v1/experiments/{experiment_id}"
    return experiment_id


def state(client: httpx.Client, experiment_id: str) -> dict[str, Any]:
    """How far an experiment is."""
    answer = client.get(f"/v1/experiments/{experiment_id}")
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def wait(client: httpx.Client, experiment_id: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
    """The state of an experiment once it has ended."""
    began = time.monotonic()
    while (found := state(client, experiment_id))["job_status"] not in ENDED:
        assert time.monotonic() < began + seconds, found
        look_again(began)
    return found


def cells(client: httpx.Client, experiment_id: str) -> list[dict[str, Any]]:
    """All cells, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        parameters = {"limit": "50"} | ({} if cursor is None else {"cursor": cursor})
        page = client.get(f"/v1/experiments/{experiment_id}/cells", params=parameters).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            return found


def runs_of(client: httpx.Client, experiment_id: str) -> list[dict[str, Any]]:
    """All runs that it has, those that count no more among them."""
    answer = client.get("/v1/runs", params={"experiment_id": experiment_id, "limit": 200})
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def check_each_cell_once(running: Deployment, experiment_id: str, number: int) -> None:
    """So many cells, each with one run of its own that completed."""
    with running.client() as client:
        found = cells(client, experiment_id)
        completed = [run["run_id"] for run in runs_of(client, experiment_id) if run["job_status"] == "completed"]
    assert len({cell["key"] for cell in found}) == len(found) == number
    assert {cell["job_status"] for cell in found} == {"completed"}
    assert sorted(cell["run_id"] for cell in found) == sorted(completed)
