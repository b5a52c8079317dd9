"""Plans as tables: CSV that a spreadsheet cannot mistake for formulas, Parquet, and assignments read back.

A text cell that starts with = + - @, a tab or a carriage return gets an apostrophe before it; so does one that
already has apostrophes before such a character, so that reading undoes exactly what writing did. Numbers stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from coverplan.payload.seats import HANDOVER, SCHEMA, seat_frame
from coverplan.tables.cells import Cells
from coverplan.tables.fields import Field
from coverplan.tables.findings import Findings, Message, TableError
from coverplan.tables.mapping import Section, Source
from coverplan.tables.text_table import CsvFormat, read_text_table

RISKY = r"^('*[=+\-@\t\r])"
MARKED = r"^'('*[=+\-@\t\r])"
TOLD = ("job_status", "solution_status", "error_code", "error")
"""Columns of a batch's lines after those of their seats."""


def plan_table(plan: Mapping[str, Any], problem: Mapping[str, Any]) -> pl.DataFrame:
    """One row per seat, covered ones first; `change` is `uncovered` for the others, and `reason` says why."""
    names = _names(problem.get("accounts", ())), _names(problem.get("reps", ()))
    return seat_frame(plan.get("assignments", ()), plan.get("uncovered", ()), *names)


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


@dataclass(frozen=True)
class LineOfBatch:
    """What became of a line: the seats of its plan, none where it has none, and what the line says of itself."""

    line: int
    run_id: str | None
    told: Mapping[str, str | None]
    """By name of `TOLD`."""
    seats: pl.DataFrame | None = None


def seats_csv(lines: Iterable[LineOfBatch], *, header: bool) -> str:
    """The table of `seats_table` as CSV."""
    return neutral(seats_table(lines).lazy()).collect().write_csv(line_terminator="\r\n", include_header=header)


def seats_table(lines: Iterable[LineOfBatch]) -> pl.DataFrame:
    """The seats of several lines as one table, between line and run and what became of it; one row without a plan."""
    schema = {"line": pl.Int64, "run_id": pl.String, **SCHEMA, **dict.fromkeys(TOLD, pl.String)}
    return pl.concat([pl.DataFrame(schema=schema), *(_of_line(one).select(*schema) for one in lines)])


def _of_line(one: LineOfBatch) -> pl.DataFrame:
    none = one.seats is None or one.seats.is_empty()
    seats = pl.DataFrame([dict.fromkeys(SCHEMA)], schema=SCHEMA) if none else one.seats
    assert seats is not None
    head = (pl.lit(one.line, pl.Int64).alias("line"), pl.lit(one.run_id, pl.String).alias("run_id"))
    told = (pl.lit(one.told.get(name), pl.String).alias(name) for name in TOLD)
    return completed(seats.lazy()).with_columns(*head, *told).collect()


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


def _names(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {entry["id"]: entry.get("name") or entry["id"] for entry in entries}


__all__ = ["TableError", "neutralised", "plan_table", "read_assignments", "restored", "table_csv", "write_plan"]
