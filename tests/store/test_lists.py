"""Lists that are filtered: what they have, and the indexes that lead there."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event

from coverplan.store import runs, schema
from coverplan.store.database import Database
from coverplan.store.ids import earliest_id, new_id
from coverplan.store.lists import Which
from coverplan.store.migrate import migrate
from coverplan.store.runs import Filter

FACTS = {"tenant": "t", "retention_s": 1.0, "request_path": "p", "request_hash": "h", "time_limit_s": 1.0}
NAMES = [
    "north",
    "north 1",
    "North 2",
    "nort",
    "a%",
    "a_b",
    "a%b",
    "\ud7ff",
    "\ud7ffx",
    "\ue000",
    "\U0010ffff",
    "",
    None,
]


@pytest.fixture
def database(database_url: str) -> Any:
    opened = Database.open(database_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("prefix", ["north", "n", "N", "a%", "a_", "\ud7ff", "\U0010ffff", "north 1", "z"])
def test_a_prefix_is_compared_exactly(database: Database, prefix: str) -> None:
    """Capitals, what `LIKE` takes for wildcards, and the code points beside the surrogates."""
    with database.begin() as connection:
        runs.add_all(connection, [{"id": f"run-{n:02}", "name": name, **FACTS} for n, name in enumerate(NAMES)], {})
    with database.read() as connection:
        found = runs.page(connection, "t", Filter(Which(name_prefix=prefix)), 100, None)

    assert {row["name"] for row in found} == {name for name in NAMES if name is not None and name.startswith(prefix)}


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(Which(name="north")), "runs_by_name"),
        (Filter(Which(name_prefix="nor")), "runs_by_name"),
        (Filter(status="failed"), "runs_without_answer"),
        (Filter(tag="emea"), "runs_by_tag"),
    ],
)
def test_an_index_leads_to_the_few_runs_of_a_long_list(database: Database, wanted: Filter, index: str) -> None:
    """Also where the others are many: 3,000 runs, of which one is meant."""
    rows = [{"id": f"run-{n:04}", "name": f"{n:04}" if n % 3 else None, **FACTS} for n in range(3000)]
    tags = {f"run-{n:04}": ["apac"] for n in range(3000)} | {"run-x": ["emea"]}
    with database.begin() as connection:
        runs.add_all(connection, [*rows, {"id": "run-x", "name": "north", **FACTS}], tags)
        connection.execute(schema.runs.update().where(schema.runs.c.id != "run-x").values(job_status="completed"))
        connection.execute(schema.runs.update().where(schema.runs.c.id == "run-x").values(job_status="failed"))
    with database.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    with database.read() as connection:
        plan = _plan(connection, wanted)
        found = runs.page(connection, "t", wanted, 50, None)

    assert [row["id"] for row in found] == ["run-x"]
    assert index in plan


def _plan(connection: Connection, wanted: Filter) -> str:
    """How the database finds a page of runs."""
    said: list[tuple[str, Any]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        said.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", listen)
    runs.page(connection, "t", wanted, 50, None)
    event.remove(connection, "before_cursor_execute", listen)
    statement, parameters = said[-1]
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))


def test_ids_tell_from_when_on() -> None:
    """An id of now lies between those of a minute before and after; times out of all range are none."""
    before, made = new_id("run"), new_id("run")
    at = int(made.split("-")[1][:12], 16) / 1000

    assert earliest_id("run", at - 60) < before < earliest_id("run", at + 60)
    assert earliest_id("run", at) <= made
    assert earliest_id("run", -1e12) == "run-000000000000"
    assert earliest_id("run", 1e15) == "run-ffffffffffff"
