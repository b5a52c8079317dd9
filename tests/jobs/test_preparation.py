"""What a cell begins with: in a deterministic experiment what is named beforehand, whatever has ended by then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, select, update

from coverplan.jobs import queue
from coverplan.jobs.preparation import starts_of
from coverplan.payload.experiments.stored import CellRequest
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.settings import Settings
from coverplan.store import cells, experiments, runs
from coverplan.store.schema import runs as run_table
from coverplan.store.store import Store

EXPERIMENT: dict[str, Any] = {"id": "exp-1", "tenant": "acme", "request_path": "p", "request_bytes": 7}
RUN: dict[str, Any] = {"tenant": "acme", "retention_s": 60.0, "request_path": "p", "request_hash": "h"}
ORDERS = ("abcd", "dcba", "bda")
"""Which of the other cells have ended, and in which order."""


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    store = Store.open(Settings(database_url=database_url, data_dir=tmp_path))
    queue.prepare(store.database.engine.url.render_as_string(hide_password=False))
    yield store
    store.database.close()


def _row(store: Store, ended: str) -> RowMapping:
    """The run of cell `x`, which lies by `b` and `c`, after these others have ended with a plan."""
    with store.database.begin() as connection:
        experiments.add(connection, {**EXPERIMENT, "retention_s": 60.0})
        places = zip("abcdx", (0.0, 1.0, 2.0, 3.0, 1.4), strict=True)
        fresh: list[dict[str, Any]] = [
            {"key": key, "place": place, "problem": 0, "details": {}, "run_id": None} for key, place in places
        ]
        cells.add(connection, "exp-1", fresh)
        for key in "abcdx":
            runs.add(connection, {**RUN, "id": key, "time_limit_s": 1.0, "experiment_id": "exp-1", "small": True})
            cells.give_run(connection, "exp-1", key, key)
        for key in ended:
            facts = {"job_status": "completed", "objective_value": 1.0, "plan_path": f"{key}.json"}
            connection.execute(update(run_table).where(run_table.c.id == key).values(**facts))
        return connection.execute(select(run_table).where(run_table.c.id == "x")).mappings().one()


def _starts(store: Store, row: RowMapping, **fields: Any) -> Sequence[str]:
    deterministic = fields.pop("deterministic")
    cell = CellRequest(policy=Policy(), options=Options(deterministic=deterministic), **fields)
    return [run["id"] for run in asyncio.run(starts_of(store, row, cell))]


@pytest.mark.parametrize("ended", ORDERS)
def test_a_deterministic_cell_begins_with_the_named_one_or_with_none(store: Store, ended: str) -> None:
    row = _row(store, ended)

    assert _starts(store, row, deterministic=True, start_from="a") == ["a"]
    assert _starts(store, row, deterministic=True) == []
    assert _starts(store, row, deterministic=True, start_from="a", share=False) == []


@pytest.mark.parametrize(("ended", "nearest"), [("abcd", "bca"), ("dcba", "bca"), ("bda", "bad")])
def test_any_other_begins_with_those_next_to_it_that_have_ended(store: Store, ended: str, nearest: str) -> None:
    """Distances of a, b, c and d: 1.4, 0.4, 0.6 and 1.6."""
    assert _starts(store, _row(store, ended), deterministic=False) == list(nearest)
