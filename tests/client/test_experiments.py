"""The Python client of experiments against a real service and worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from coverplan.client import Client, RefusedError
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.state import ExperimentState
from support.cells import tiny_experiment
from support.deployment import deployment


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a service with one worker."""
    with deployment(tmp_path_factory.mktemp("client")) as started, Client(started.url) as opened:
        yield opened


def test_an_experiment_is_estimated_submitted_followed_and_downloaded(client: Client, tmp_path: Path) -> None:
    """Two tolerances and a frontier, whose ends have names that Python reserves: 2 cells and at least 2 points."""
    frontier = {"bounds": [{"metric": "balance", "from": 0.05, "to": 0.5}], "points": 3}
    request = ExperimentRequest.model_validate(tiny_experiment([0.1, 0.2], frontier=frontier), strict=False)
    heard: list[ExperimentState] = []

    assert client.experiments.estimate(request).cells == 5
    ticket = client.experiments.submit(request, key="e-1")
    assert client.experiments.submit(request, key="e-1") == ticket
    state = client.experiments.wait(ticket.experiment_id, heard.append)

    assert state.job_status == heard[-1].job_status == "completed"
    assert 4 <= state.cells.completed <= 5
    assert len({cell.key for cell in client.experiments.cells(ticket.experiment_id)}) == state.cells.completed
    results = client.experiments.results(ticket.experiment_id)
    assert [row.policy_id for row in results.rows] == ["balance.tolerance=0.1", "balance.tolerance=0.2"]
    assert len(results.frontiers) == 1
    table = client.experiments.table(ticket.experiment_id)
    assert table["reference_objective"].to_list() == pytest.approx([46.0, 46.0])
    for name in ("a.json", "a.csv", "a.parquet", "a.html"):
        client.experiments.download(ticket.experiment_id, tmp_path / name)
    assert pl.read_parquet(tmp_path / "a.parquet").equals(table)
    assert ticket.experiment_id in [one.experiment_id for one in client.experiments.list()]


def test_an_experiment_is_extended_stopped_resumed_and_deleted(client: Client) -> None:
    ticket = client.experiments.submit(tiny_experiment([0.3]))
    client.experiments.wait(ticket.experiment_id)
    client.experiments.extend(ticket.experiment_id, {"seeds": [5]})
    client.experiments.stop(ticket.experiment_id)
    client.experiments.resume(ticket.experiment_id)

    assert client.experiments.wait(ticket.experiment_id).cells.completed == 2
    client.experiments.delete(ticket.experiment_id)
    with pytest.raises(RefusedError, match="There is no experiment"):
        client.experiments.get(ticket.experiment_id)


def test_what_is_wrong_is_said_with_its_place(client: Client) -> None:
    document = tiny_experiment([0.3])
    document["grid"]["axes"][0]["path"] = "/constraints/[id=balanse]/tolerance"

    with pytest.raises(RefusedError) as refused:
        client.experiments.submit(document)

    (issue,) = refused.value.document.errors
    assert issue.pointer.startswith("/grid/axes/0/path")
    assert "balance" in f"{issue.message} {issue.suggestion}"
