"""Plans as CSV and Parquet, and assignments read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.tables.findings import TableError
from coverplan.tables.plans import neutralised, plan_table, read_assignments, restored, table_csv, write_plan

PROBLEM: dict[str, Any] = {
    "accounts": [{"id": "a1", "name": "=HYPERLINK(1)"}, {"id": "-a2"}, {"id": "a3", "name": 'Acme; Co, "x"'}],
    "reps": [{"id": "r1", "name": "@Ana"}, {"id": "r2"}],
}
PLAN: dict[str, Any] = {
    "assignments": [
        {"account_id": "a1", "role": "ae", "rep_id": "r1", "previous_rep_id": "r2", "change": "moved",
         "expected_revenue": -12.5, "relationship_loss": 3.0, "hours": 4.0},
        {"account_id": "-a2", "role": "ae", "rep_id": "r2", "previous_rep_id": "gone", "change": "moved",
         "expected_revenue": 1.0, "relationship_loss": 0.0, "hours": 1.0},
    ],
    "uncovered": [{"account_id": "a3", "role": "ae", "previous_rep_id": None, "reason": "no_room"}],
}  # fmt: skip


def test_cells_cannot_be_formulas_and_numbers_stay_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(plan_table(PLAN, PROBLEM)), newline="")))

    assert [row["account"] for row in rows] == ["'=HYPERLINK(1)", "'-a2", 'Acme; Co, "x"']
    assert [row["account_id"] for row in rows] == ["a1", "'-a2", "a3"]
    assert rows[0]["rep"] == "'@Ana"
    assert rows[0]["expected_revenue"] == "-12.5"
    assert (rows[1]["previous_rep_id"], rows[1]["previous_rep"]) == ("gone", "gone")
    assert (rows[2]["rep_id"], rows[2]["change"], rows[2]["reason"]) == ("", "uncovered", "no_room")


def test_written_plan_reads_back_as_assignments(tmp_path: Path) -> None:
    """The uncovered seat is no assignment; the id that starts with a minus is itself again."""
    write_plan(PLAN, PROBLEM, tmp_path / "plan.csv")

    assert read_assignments(tmp_path / "plan.csv") == [
        {"account_id": "a1", "rep_id": "r1", "role": "ae"},
        {"account_id": "-a2", "rep_id": "r2", "role": "ae"},
    ]


def test_parquet_keeps_text_as_it_is(tmp_path: Path) -> None:
    write_plan(PLAN, PROBLEM, tmp_path / "plan.parquet")

    table = pl.read_parquet(tmp_path / "plan.parquet")

    assert table["account"].to_list()[0] == "=HYPERLINK(1)"
    assert table["hours"].to_list() == [4.0, 1.0, None]


def test_empty_plan_has_a_header() -> None:
    assert table_csv(plan_table({}, {})).startswith("account_id,account,role,rep_id")


def test_role_is_optional_and_spreadsheet_formats_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("Account_ID;rep_id\r\n7.0;Müller\r\n8;\r\n".encode("cp1252"))

    assert read_assignments(tmp_path / "a.csv") == [{"account_id": "7", "rep_id": "Müller"}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("account,rep_id\n1,2\n", ['no column "account_id"']),
        ("account_id,rep_id\na,r\na,q\n", ["row 3", "'r' in row 2"]),
        ("account_id,rep_id\n1.23E+05,r\n", ["row 2", "1.23E+05", "last digits are lost"]),
        ("account_id,rep_id\n,r\n", ["row 2", "account_id", "blank"]),
    ],
)
def test_assignments_that_cannot_be_meant_are_refused(tmp_path: Path, content: str, words: list[str]) -> None:
    (tmp_path / "a.csv").write_text(content)

    with pytest.raises(TableError) as caught:
        read_assignments(tmp_path / "a.csv")

    assert all(word in str(caught.value) for word in words)


@given(st.text())
def test_neutralising_can_be_undone_and_leaves_no_formula(text: str) -> None:
    written = neutralised(text)

    assert restored(pl.Series([written]))[0] == text
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
