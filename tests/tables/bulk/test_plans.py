"""Plans as tables: written, read back, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.requests import BookRequest
from coverplan.tables.bulk import plans
from coverplan.tables.bulk import solve as bulk
from coverplan.tables.bulk.sources import UnreadableTableError
from coverplan.tables.plans import plan_table
from support.tables import write_parquet_book

PROBLEM: dict[str, Any] = {
    "accounts": [
        {"id": "=a", "name": "=HYPERLINK(1)", "potential": 30.0, "current": [{"rep_id": "gone"}]},
        {"id": "-b", "potential": 20.0, "current": [{"rep_id": "r"}]},
        {"id": "c", "name": 'Acme; Co, "x"', "potential": 10.0},
    ],
    "reps": [{"id": "r", "name": "@Ana", "capacity_hours": 2.0}],
}
# Each account takes 1 hour, Ana has 2: she takes =a and -b, 30 + 20 = 50; c stays uncovered.


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    write_parquet_book(PROBLEM, folder / "book")
    policy = Policy.model_validate_json('{"constraints": [{"kind": "capacity"}]}')
    request = BookRequest(
        folder=str(folder / "book"), policy=policy, options=Options(time_limit_s=20), table=str(folder / "plan.parquet")
    )
    bulk.solve(request, None, None)
    return folder / "plan.parquet"


def test_one_file_is_the_whole_plan(table: Path) -> None:
    """50 = 30 + 20; the seats are rows, the rest is metadata."""
    head = json.loads(pl.read_parquet_metadata(table)["coverplan"])

    assert head["objective"]["value"] == pytest.approx(50)
    assert (head["assignments"], head["uncovered"]) == ([], [])
    assert [seat["account_id"] for seat in plans.assignment_documents(table)] == ["=a", "-b"]
    assert [seat["account_id"] for seat in plans.uncovered_documents(table)] == ["c"]
    assert plans.uncovered_reasons(table) == {"no_room": 1}
    assert plans.assigned_seats(table)["rep_id"].to_list() == ["r", "r"]


def test_the_table_is_the_one_that_documents_make(table: Path) -> None:
    """Names, changes, forced moves and all."""
    expected = plan_table(plans.plan_document(table), PROBLEM)

    assert pl.read_parquet(table).equals(expected)
    assert expected["previous_rep"].to_list() == ["gone", "@Ana", None]
    assert expected["change"].to_list() == ["moved", "kept", "uncovered"]
    assert expected["forced"].to_list() == [True, False, False]


def test_csv_has_no_formula_and_reads_back_as_the_same_plan(table: Path, tmp_path: Path) -> None:
    """The rest of the plan lies beside it."""
    out = tmp_path / "plan.csv"
    plans.write_as(table, out)
    plans.sidecar(out).write_text(json.dumps(plans.plan_head(table)))

    with out.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "@")) for cell in cells)
    assert "'-b" in cells
    assert plans.plan_document(out) == plans.plan_document(table)


def test_json_is_the_document(table: Path, tmp_path: Path) -> None:
    plans.write_as(table, tmp_path / "plan.json")

    assert json.loads((tmp_path / "plan.json").read_text()) == plans.plan_document(table)


@pytest.mark.parametrize("name", ["other.parquet", "cut.parquet", "lonely.csv", "broken.csv"])
def test_a_file_that_holds_no_plan_is_refused(table: Path, tmp_path: Path, name: str) -> None:
    """A table of something else, half a file, a CSV without its other half."""
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "other.parquet")
    (tmp_path / "cut.parquet").write_bytes(table.read_bytes()[:-20])
    plans.write_as(table, tmp_path / "lonely.csv")
    (tmp_path / "broken.csv").write_bytes(b"")
    (tmp_path / "broken.json").write_text("{")

    with pytest.raises(UnreadableTableError, match=r"plan|read"):
        plans.plan_document(tmp_path / name)
