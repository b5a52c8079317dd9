"""Tables of every format, sound and not, over HTTP and a real worker; documents are the judge of tables."""

from __future__ import annotations

import asyncio
import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import polars as pl
import pytest

from coverplan.jobs.datasets import materialise
from coverplan.payload import answer
from coverplan.payload.datasets import TableName
from coverplan.payload.hashing import problem_hash
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import BookRequest
from coverplan.settings import Settings
from coverplan.store import datasets, paths
from coverplan.store.store import Store
from coverplan.tables.bulk import solve as bulk
from coverplan.tables.bulk.fields import MODELS
from support.datasets import MEDIA, bodies, ended, head_of, send
from support.deployment import deployment
from support.service import wait_for

Document = dict[str, Any]
PROBLEM: Document = json.loads(
    (Path(__file__).parents[2] / "openapi" / "examples" / "every_constraint_kind.json").read_text()
)["problem"]
HEAD = head_of(PROBLEM)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def client(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service with a worker."""
    chosen: dict[str, Any] = {"warm_children": 0, "data_dir": settings.data_dir, "database_url": settings.database_url}
    with deployment(tmp_path_factory.mktemp("service"), **chosen) as running, running.client() as client:
        yield client


@pytest.fixture
def store(settings: Settings, client: httpx.Client) -> Iterator[Store]:
    """The service's own store."""
    store = Store.open(settings)
    yield store
    store.close()


def hash_of(problem: Document) -> str:
    return problem_hash(Problem.model_validate_json(json.dumps(problem)))


def row_of(store: Store, dataset_id: str) -> Any:
    with store.database.read() as connection:
        return datasets.get(connection, "default", dataset_id)


def sent(client: httpx.Client, folder: Path, problem: Document = PROBLEM, form: str = "parquet", **body: Any) -> Any:
    """The dataset of a problem, checked."""
    committed = send(client, bodies(problem, form, folder), form, problem=head_of(problem), **body)
    return ended(client, committed["dataset_id"])


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def test_the_fixed_list_of_tables_is_that_of_the_reader() -> None:
    assert set(get_args(TableName)) == set(MODELS)


@pytest.mark.parametrize("form", MEDIA)
def test_every_format_says_the_same_as_the_document(
    client: httpx.Client, store: Store, tmp_path: Path, form: str
) -> None:
    """Text packed; whatever was sent, a solver gets Parquet with the same facts."""
    tables = bodies(PROBLEM, form, tmp_path)
    committed = send(client, tables, form, packed=form in ("csv", "ndjson"), problem=HEAD, name=form)
    state = ended(client, committed["dataset_id"])

    assert (state["job_status"], state["valid"], state["report"]["total_errors"]) == ("completed", True, 0), state
    assert state["problem_hash"] == hash_of(PROBLEM)
    assert {one["table"]: one["rows"] for one in state["tables"]} == {name: len(PROBLEM[name]) for name in tables}
    assert {one["format"] for one in state["tables"]} == {form}
    folder = paths.dataset(state["dataset_id"])
    assert wait_for(lambda: len(asyncio.run(store.blobs.names(folder))) == len(tables))
    assert {Path(name).suffix for name in asyncio.run(store.blobs.names(folder))} == {".parquet"}


def test_a_dataset_is_solved_like_its_document(client: httpx.Client, store: Store, tmp_path: Path) -> None:
    row = row_of(store, sent(client, tmp_path / "in")["dataset_id"])
    folder = tmp_path / "book"
    folder.mkdir()
    asyncio.run(materialise(store, row, folder))
    policy = Policy.model_validate_json('{"constraints": [{"kind": "capacity"}, {"kind": "must_cover", "penalty": 9}]}')
    options = Options(relative_gap=0)

    request = BookRequest(folder=str(folder), policy=policy, options=options, table=str(tmp_path / "plan.parquet"))
    plan = bulk.solve(request, None, None)

    whole = answer.solve(Problem.model_validate_json(json.dumps(PROBLEM)), policy, options)
    assert plan.objective is not None
    assert whole.objective is not None
    assert plan.objective.value == pytest.approx(whole.objective.value)
    assert plan.problem_hash == row["problem_hash"]


def test_bad_rows_are_told_by_column(client: httpx.Client, tmp_path: Path) -> None:
    """25 unknown territories: 20 are shown, 5 counted; an unknown column; nothing is kept as sound."""
    problem = copy.deepcopy(PROBLEM)
    problem["accounts"] = [{"id": f"a{n}", "territory_id": "wset" if n < 25 else None} for n in range(40)]
    tables = bodies(problem, "parquet", tmp_path)
    tables["reps"] = parquet(pl.DataFrame({"id": ["r1", "r2"], "colour": ["red", None]}))

    state = ended(client, send(client, tables, "parquet", problem=HEAD)["dataset_id"])

    assert (state["valid"], state["problem_hash"]) == (False, None)
    found = [(issue["code"], issue["pointer"]) for issue in state["report"]["issues"]]
    assert [place for code, place in found if code == "unknown_territory"] == [
        f"/problem/accounts/{n}/territory_id" for n in range(20)
    ]
    assert state["report"]["more"]["accounts.territory_id [unknown_territory]"] == 5
    assert ("unknown_field", "/problem/reps/0/colour") in found
    assert state["report"]["total_errors"] == state["total_errors"] >= 26


def test_bad_lines_are_told_by_line(client: httpx.Client) -> None:
    """Lines count from 0, blank ones do not; 22 wrong amounts, one line that is no JSON, and a date that is none."""
    lines = [json.dumps({"id": f"a{n}", "potential": "x" if n < 22 else 1}) for n in range(30)]
    lines[25:25] = ["", '{"id": "half"', '{"id": "d", "current": [{"rep_id": "r", "since": "2020-13-01"}]}']
    tables = {"accounts": "\n".join(lines).encode(), "reps": b'{"id": "r"}\r\n{"id": "s", "capacity_hours": -1}\r\n'}

    report = ended(client, send(client, tables, "ndjson")["dataset_id"])["report"]

    found = [(issue["code"], issue["pointer"]) for issue in report["issues"]]
    assert found == [
        *(("wrong_type", f"/problem/accounts/{n}/potential") for n in range(20)),
        ("invalid_json", "/problem/accounts/25"),
        ("invalid_date", "/problem/accounts/26/current/0/since"),
        ("out_of_range", "/problem/reps/1/capacity_hours"),
    ]
    assert report["total_errors"] == 25
    assert report["more"] == {"accounts.potential [wrong_type]": 2}
