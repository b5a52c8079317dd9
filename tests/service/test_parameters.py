"""Query parameters and text that a call does not take; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.deployment import TINY
from support.postgres import Postgres
from support.service import InProcess, in_process

NUL = "%00"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    folder: Path = tmp_path_factory.mktemp("state")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'coverplan.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.database()
    with in_process(url, folder) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "pointer", "suggestion"),
    [
        ("/v1/runs?stauts=failed", "/query/stauts", 'Did you mean "status"?'),
        ("/v1/runs?limit=5&Limit=5", "/query/Limit", 'Did you mean "limit"?'),
        ("/v1/constraint-kinds?kind=capacity", "/query/kind", "Use one of cursor, limit."),
        ("/v1/runs/run-1?verbose=1", "/query/verbose", "Remove it."),
    ],
)
def test_a_parameter_that_is_not_known(calls: InProcess, path: str, pointer: str, suggestion: str) -> None:
    """A misspelt filter would answer with everything."""
    answer = calls.request("GET", path)

    assert answer.status_code == 422
    (issue,) = answer.json()["errors"]
    assert (issue["code"], issue["pointer"], issue["suggestion"]) == ("unknown_field", pointer, suggestion)


def test_probes_take_whatever_balancers_add(calls: InProcess) -> None:
    assert calls.request("GET", "/healthz?ts=1").status_code == 200


@pytest.mark.parametrize("path", ["/v1/batches", "/v1/datasets", "/v1/experiments", "/v1/webhooks"])
def test_a_cursor_of_another_list(calls: InProcess, path: str) -> None:
    """It would point anywhere."""
    cursor = "run-" + 28 * "0"

    assert calls.request("GET", f"/v1/runs?cursor={cursor}").status_code == 200
    assert calls.request("GET", f"{path}?cursor={cursor}").status_code == 422


@pytest.mark.parametrize(
    "path",
    [f"/v1/runs?{name}=a{NUL}b" for name in ("name", "tag", "batch_id", "experiment_id", "status")]
    + [f"/v1/runs/{NUL}", f"/v1/runs/{NUL}/plan", f"/v1/runs/{NUL}/events", f"/v1/batches/a{NUL}"]
    + [f"/v1/datasets/{NUL}", f"/v1/experiments/{NUL}", f"/v1/webhooks/{NUL}/deliveries", f"/v1/policies/a{NUL}"],
)
def test_zero_bytes_are_no_text(calls: InProcess, path: str) -> None:
    """SQLite takes them, PostgreSQL does not."""
    headers = {"accept": "*/*"}
    assert calls.request("GET", path, headers=headers).status_code in {404, 422}


@pytest.mark.parametrize("field", ["name", "tags", "dataset_id", "start_run_id"])
def test_nor_in_names(calls: InProcess, field: str) -> None:
    text = "a\0b"
    body = {**TINY, field: [text] if field == "tags" else text}

    answer = calls.request("POST", "/v1/runs", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


def test_a_line_with_a_zero_byte_costs_its_neighbours_nothing(calls: InProcess) -> None:
    lines = [{**TINY, "name": "first"}, {**TINY, "name": "a\0b"}, {**TINY, "name": "third"}]
    content = "".join(json.dumps(line) + "\n" for line in lines)

    answer = calls.request("POST", "/v1/batches", content=content, headers={"Content-Type": "application/x-ndjson"})

    tickets = [json.loads(line) for line in answer.text.splitlines()]
    assert [ticket.get("run_id") is not None for ticket in tickets] == [True, False, True]
    assert tickets[1]["error"]["errors"][0]["pointer"] == "/name"
