"""Plans as tables: CSV that a spreadsheet cannot mistake for formulas, Parquet, and assignments read back.

A text cell that starts with = + - @, a tab or a carriage return gets an apostrophe before it; so does one that
already has apostrophes before such a character, so that reading undoes exactly what writing did. Numbers stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from coverplan.tables.cells import Cells
from coverplan.tables.fields import Field
from coverplan.tables.findings import Findings, Message, TableError
from coverplan.tables.mapping import Section, Source
from coverplan.tables.text_table import CsvFormat, read_text_table

RISKY = r"^('*[=+\-@\t\r])"
MARKED = r"^'('*[=+\-@\t\r])"
TEXTS = ("account_id", "account", "role", "rep_id", "rep", "previous_rep_id", "previous_rep", "change")
NUMBERS = ("expected_revenue", "relationship_loss", "hours")
HANDOVER: dict[str, Any] = {"handover_date": pl.Date, "interim_hours": pl.Float64}
"""Columns that tables of earlier versions lack."""
SCHEMA = (
    dict.fromkeys(TEXTS, pl.String)
    | dict.fromkeys(NUMBERS, pl.Float64)
    | {"forced": pl.Boolean, "reason": pl.String}
    | HANDOVER
)
UNCOVERED = "uncovered"


def plan_table(plan: Mapping[str, Any], problem: Mapping[str, Any]) -> pl.DataFrame:
    """One row per seat, covered ones first; `change` is `uncovered` for the others, and `reason` says why."""
    accounts, reps = _names(problem.get("accounts", ())), _names(problem.get("reps", ()))
    uncovered = [{**seat, "change": UNCOVERED} for seat in plan.get("uncovered", ())]
    rows = [
        {name: seat.get(name) for name in SCHEMA}
        | {
            "account": accounts.get(seat["account_id"], seat["account_id"]),
            "rep": reps.get(seat.get("rep_id"), seat.get("rep_id")),
            "previous_rep": reps.get(seat.get("previous_rep_id"), seat.get("previous_rep_id")),
        }
        for seat in [*plan.get("assignments", ()), *uncovered]
    ]
    table = pl.DataFrame(rows, schema=SCHEMA | {"handover_date": pl.String}, orient="row")
    return table.with_columns(pl.col("handover_date").str.to_date())


def completed(rows: pl.LazyFrame) -> pl.LazyFrame:
    """A table of seats with all columns, also where an earlier version wrote it."""
    there = rows.collect_schema().names()
    missing = [pl.lit(None, kind).alias(name) for name, kind in HANDOVER.items() if name not in there]
    return rows.with_columns(missing)


def write_plan(plan: Mapping[str, Any], problem: Mapping[str, Any], path: Path) -> None:
    """Write a plan as `.parquet`, or as CSV under any other name."""
    table = plan_table(plan, problem)
    if path.suffix.lower() == ".parquet":
        table.write_parquet(path)
    else:
        path.write_text(table_csv(table), encoding="utf-8", newline="")


def table_csv(table: pl.DataFrame) -> str:
    """CSV text with neutralised text cells; amounts with at most six decimals."""
    return neutral(table.lazy()).collect().write_csv(line_terminator="\r\n")


def seats_csv(plans: Iterable[tuple[int, str, pl.DataFrame]], *, header: bool) -> str:
    """The table of `seats_table` as CSV."""
    return neutral(seats_table(plans).lazy()).collect().write_csv(line_terminator="\r\n", include_header=header)


def seats_table(plans: Iterable[tuple[int, str, pl.DataFrame]]) -> pl.DataFrame:
    """The tables of several plans as one, each row after the line and the run of its plan."""
    schema = {"line": pl.Int64, "run_id": pl.String, **SCHEMA}
    tables = [
        completed(table.lazy())
        .select(pl.lit(line, pl.Int64).alias("line"), pl.lit(run_id).alias("run_id"), *SCHEMA)
        .collect()
        for line, run_id, table in plans
    ]
    return pl.concat([pl.DataFrame(schema=schema), *tables])


def neutral(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows as `table_csv` writes them."""
    return neutral_texts(rows).with_columns(pl.col(pl.Float64).round(6))


def neutral_texts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows with text cells that no spreadsheet takes for formulas."""
    return rows.with_columns(pl.col(pl.String).str.replace(RISKY, "'${1}"))


def neutralised(text: str) -> str:
    """One text cell as `table_csv` writes it."""
    return str(pl.Series([text]).str.replace(RISKY, "'${1}")[0])


def restored(cells: pl.Series) -> pl.Series:
    """Text cells as they were before `table_csv`."""
    return cells.str.replace(MARKED, "${1}")


def read_assignments(path: Path) -> list[dict[str, str]]:
    """The assignments of `assignment_frame` as documents; raises TableError."""
    return [
        {name: value for name, value in row.items() if value is not None} for row in assignment_frame(path).to_dicts()
    ]


def assignment_frame(path: Path, *, numbered: bool = False) -> pl.DataFrame:
    """The assignments of a CSV file with account_id, rep_id and perhaps role; rows without a rep are uncovered seats.

    Where they are `numbered`, `row` is their row in the file.

    Raises:
        TableError: columns are missing, ids were mangled, or a seat stands twice with different reps.
    """
    findings = Findings()
    table = read_text_table(path, CsvFormat(), findings)
    cells = Cells(table, Section("assignments", "assignments"), findings, 12.0)
    columns = {}
    for name in ("account_id", "rep_id", "role"):
        if name != "role" or "role" in table.columns:
            values = cells.read(name, Source((name,)), Field("id"))
            if values is not None:
                columns[name] = restored(values)
    findings.stop_on_errors()
    frame = pl.DataFrame({**columns, "row": table.rows})
    for row in frame.filter(pl.col("account_id").is_null())["row"]:
        findings.error(Message("is blank, but every row needs an account.", table.file, int(row), "account_id"))
    frame = frame.drop_nulls(["account_id", "rep_id"])
    seat = [name for name in ("account_id", "role") if name in columns]
    first = frame.group_by(seat).agg(pl.col("row").first().alias("first"), pl.col("rep_id").first().alias("with"))
    for row in frame.join(first, on=seat, nulls_equal=True).filter(pl.col("rep_id") != pl.col("with")).to_dicts():
        text = f"'{row['account_id']}' already has the rep '{row['with']}' in row {row['first']}."
        findings.error(Message(text, table.file, int(row["row"]), "rep_id", "Keep one of the rows."))
    findings.stop_on_errors()
    frame = frame.unique([*seat, "rep_id"], keep="first", maintain_order=True)
    return frame if numbered else frame.drop("row")


def _names(entries: Iterable[Mapping[str, Any]]) -> dict[str | None, str]:
    return {entry["id"]: entry.get("name") or entry["id"] for entry in entries}


__all__ = ["TableError", "neutralised", "plan_table", "read_assignments", "restored", "table_csv", "write_plan"]
