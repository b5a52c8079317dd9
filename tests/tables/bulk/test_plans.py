"""Plans as tables: written, read back, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import BookRequest
from coverplan.tables.bulk import plans
from coverplan.tables.bulk import solve as bulk
from coverplan.tables.bulk.sources import UnreadableTableError
from coverplan.tables.plans import TOLD, LineOfBatch, plan_table, seats_table, table_csv
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


@pytest.fixture(scope="module")
def handover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bo leaves; Hana takes a over from Ana in April, b comes from nobody who works: 9 and 3 months of 12."""
    folder = tmp_path_factory.mktemp("handover")
    problem = {
        "horizon": {"start": "2027-01-01", "months": 12},
        "accounts": [
            {"id": "a", "expected_revenue": 100, "hours": 8, "current": [{"rep_id": "ana"}], "required_skills": ["x"]},
            {"id": "b", "expected_revenue": 100, "hours": 8, "current": [{"rep_id": "bo"}], "required_skills": ["x"]},
        ],
        "reps": [
            {"id": "ana", "capacity_hours": 1.0},
            {"id": "bo", "end_date": "2026-12-31"},
            {"id": "hana", "status": "hired", "start_date": "2027-04-01", "skills": ["x"]},
        ],
    }
    write_parquet_book(problem, folder / "book")
    policy = Policy.model_validate_json('{"constraints": [{"kind": "capacity"}]}')
    options = Options(time_limit_s=20)
    request = BookRequest(
        folder=str(folder / "book"), policy=policy, options=options, table=str(folder / "plan.parquet")
    )
    bulk.solve(request, None, None)
    plan = solve(Problem.model_validate_json(json.dumps(problem)), policy, options)
    (folder / "plan.json").write_text(plan.model_dump_json())
    return folder


def test_tables_say_until_when_the_previous_rep_stays(handover: Path) -> None:
    """8 hours x 3 / 12 = 2 with Ana; the table says what the document says, as CSV and as JSON too."""
    table = handover / "plan.parquet"
    expected = json.loads((handover / "plan.json").read_text())["assignments"]
    plans.write_as(table, handover / "seats.csv")
    plans.sidecar(handover / "seats.csv").write_text(json.dumps(plans.plan_head(table)))

    told = [(seat["rep_id"], seat["handover_date"], seat["interim_hours"]) for seat in expected]

    assert told == [("hana", "2027-04-01", pytest.approx(2)), ("hana", None, 0)]
    assert [*plans.assignment_documents(table)] == expected
    assert [*plans.assignment_documents(handover / "seats.csv")] == expected
    assert json.loads("".join(plans.json_parts(table)))["assignments"] == expected


def test_tables_of_earlier_versions_are_still_plans(table: Path, tmp_path: Path) -> None:
    """Without the columns that say who holds a seat until when: nobody does."""
    old = pl.read_parquet(table).drop("handover_date", "interim_hours")
    old.write_parquet(tmp_path / "old.parquet", metadata=pl.read_parquet_metadata(table))
    (tmp_path / "old.csv").write_text(table_csv(old))
    (tmp_path / "old.json").write_text(json.dumps(plans.plan_head(table)))

    for name in ("old.parquet", "old.csv"):
        assert plans.plan_document(tmp_path / name) == plans.plan_document(table)
    found = seats_table([LineOfBatch(1, "run", {}, old)])
    assert found.columns == ["line", "run_id", *plan_table({}, {}).columns, *TOLD]


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


def test_a_line_without_a_plan_has_a_row_that_says_why() -> None:
    """Refused, infeasible, and one with a seat: three rows, in order."""
    seat = plan_table({"assignments": [{"account_id": "a", "role": "ae", "rep_id": "r"}]}, {})
    lines = [
        LineOfBatch(1, None, {"error_code": "invalid", "error": "/name: no."}),
        LineOfBatch(2, "run-2", {"job_status": "completed", "solution_status": "infeasible"}, plan_table({}, {})),
        LineOfBatch(3, "run-3", {"job_status": "completed", "solution_status": "optimal"}, seat),
    ]

    found = seats_table(lines).select("line", "run_id", "account_id", "solution_status", "error_code").rows()

    assert found == [
        (1, None, None, None, "invalid"),
        (2, "run-2", None, "infeasible", None),
        (3, "run-3", "a", "optimal", None),
    ]
