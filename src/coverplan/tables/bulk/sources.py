"""A book's files: `problem.json`, and a Parquet or CSV table for territories, managers, reps, accounts, fit and pairs.

Tables have the fields of the problem document as columns. Parquet holds lists and objects as such; CSV, and Parquet
where it suits, holds them flat: lists separated by `;` (revenue_history, tags, required_skills, territory_ids,
segments, skills, ramp), a location as the columns lat and lon, today's reps as current_rep_id, current_role and
current_since (with several roles each of them a list). In CSV blank cells are null and every id is text.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from coverplan.payload.issues import IssueReport, PayloadError, pointer
from coverplan.payload.problem import Problem
from coverplan.payload.reading import examine
from coverplan.tables.bulk.fields import MODELS
from coverplan.tables.bulk.findings import AT
from coverplan.tables.findings import Findings, TableError
from coverplan.tables.text_table import CsvFormat, read_text_table

HEAD = "problem.json"
SUFFIXES = (".parquet", ".csv")
SLICE = 1 << 18
FLAT = {"location": "", "current": "current_"}
"""Prefix of the flat columns that stand for a field."""


class UnreadableTableError(Exception):
    """A file that holds no table, with the reason."""


@dataclass(frozen=True, eq=False)
class Table:
    """One table: its columns are read when they are asked for, all at once where the file is CSV."""

    name: str
    file: Path
    schema: Mapping[str, pl.DataType]
    height: int
    frame: pl.DataFrame | None = None
    """The rows, where they are in memory."""
    sheet_rows: pl.Series | None = None
    """CSV: the spreadsheet's row of each row."""

    @property
    def is_text(self) -> bool:
        """Whether every cell is text, numbers and dates too."""
        return self.file.suffix == ".csv"

    def columns(self, *names: str) -> pl.DataFrame:
        """Some columns; raises UnreadableTableError."""
        if self.frame is not None:
            return self.frame.select(names)
        with reading(self.file):
            return pl.scan_parquet(self.file).select(names).collect()

    def column(self, name: str) -> pl.Series:
        """One column; raises UnreadableTableError."""
        return self.columns(name).to_series()

    def slices(self) -> Iterator[Table]:
        """The table in parts of some hundred thousand rows, each in memory."""
        for start in range(0, self.height, SLICE):
            if self.frame is not None:
                part = self.frame.slice(start, SLICE)
            else:
                with reading(self.file):
                    part = pl.scan_parquet(self.file).slice(start, SLICE).collect()
            yield Table(self.name, self.file, self.schema, part.height, part)


@dataclass(frozen=True, eq=False)
class Sources:
    """The files of a book; `head` is the problem without what the tables hold."""

    folder: Path
    head: Problem
    tables: Mapping[str, Table]

    def place(self, issue_pointer: str) -> str | None:
        """File, row and column of an issue's pointer; None for what is in no table."""
        _, _, name, *inner = [*issue_pointer.split("/"), "", "", ""]
        table = self.tables.get(name)
        if table is None or not inner[0].isdigit():
            return None
        row = int(inner[0])
        number = row + 1 if table.sheet_rows is None else int(table.sheet_rows[row])
        below = [part for part in inner[1:] if part]
        if below and below[0] not in table.schema and below[0] in FLAT:
            below = [FLAT[below[0]] + below[-1]]
        return f"{table.file}, row {number}" + (f", {'/'.join(below)}" if below else "")


def open_book(folder: Path) -> Sources:
    """The files of a folder.

    Raises:
        FileNotFoundError: there is no `problem.json`.
        PayloadError: a file cannot be read, or `problem.json` is not what it should be.
    """
    head, report = examine_head(folder)
    tables: dict[str, Table] = {}
    for name in MODELS:
        try:
            table = open_table(folder, name)
        except UnreadableTableError as error:
            report.add("invalid_value", pointer(AT, [name]), reason=str(error))
            continue
        if table is not None:
            tables[name] = table
    if head is None or report.total_errors:
        raise PayloadError(report)
    return Sources(folder, head, tables)


def open_table(folder: Path, name: str) -> Table | None:
    """One table of a folder, None where there is none; raises UnreadableTableError."""
    files = [file for suffix in SUFFIXES if (file := folder / f"{name}{suffix}").exists()]
    if len(files) > 1:
        raise UnreadableTableError(f"Both {files[0]} and {files[1].name} exist: keep one of them.")
    if not files:
        return None
    if files[0].suffix == ".csv":
        try:
            table = read_text_table(files[0], CsvFormat(), Findings())
        except TableError as error:
            raise UnreadableTableError(str(error)) from None
        return Table(name, files[0], dict(table.frame.schema), table.frame.height, table.frame, table.rows)
    with reading(files[0]):
        rows = pl.scan_parquet(files[0])
        return Table(name, files[0], dict(rows.collect_schema()), int(rows.select(pl.len()).collect().item()))


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turns what polars raises while it reads a file into UnreadableTableError."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableTableError(f"{file} cannot be read as {file.suffix[1:].upper()}: {reason[:200]}") from None


def read_head(folder: Path) -> Problem:
    """The problem without its tables; raises FileNotFoundError or PayloadError."""
    head, report = examine_head(folder)
    if head is None or report.total_errors:
        raise PayloadError(report)
    return head


def examine_head(folder: Path) -> tuple[Problem | None, IssueReport]:
    """The problem without its tables, and what is wrong with `problem.json`; raises FileNotFoundError."""
    data = (folder / HEAD).read_bytes()
    given: object = None
    with contextlib.suppress(ValueError):
        given = json.loads(data)
    report = IssueReport()
    if isinstance(given, dict):
        for name in sorted(given.keys() & MODELS.keys()):
            report.add("unknown_field", pointer(AT, [name]), field=name, suggestion=f"Write it as a table {name}.csv.")
        data = json.dumps({**{key: value for key, value in given.items() if key not in MODELS}, **_EMPTY}).encode()
    try:
        head, found, _ = examine(Problem, data, AT)
    except PayloadError as error:
        head, found = None, error.report
    kept = [issue for issue in found.errors if issue.code not in ("no_accounts", "no_reps")]
    found.total_errors -= len(found.errors) - len(kept)
    found.errors = kept
    report.extend(found)
    return head, report


_EMPTY: dict[str, object] = {"accounts": [], "reps": []}
