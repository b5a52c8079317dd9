"""NDJSON tables: one document a line, checked as documents are, then turned into columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from coverplan.payload.issues import Issue, PayloadError, pointer
from coverplan.payload.reading import examine
from coverplan.tables.bulk.fields import MODELS, Field, fields_of
from coverplan.tables.bulk.findings import AT, BookFindings
from coverplan.tables.bulk.findings import Path as Place
from coverplan.tables.bulk.sources import reading

MAX_BAD_LINES = 5000
"""After as many, the rest is not looked at: whatever went wrong went wrong everywhere."""


def parquet_of_lines(file: Path, table: str, target: Path, findings: BookFindings) -> int:
    """Turn a file of lines into Parquet; where a line is wrong, tell of it and write nothing. The number of rows.

    Raises:
        UnreadableTableError: the lines are sound, but cannot be read as columns.
    """
    rows = _check(file, table, findings)
    if not findings.report.total_errors:
        schema = {field.name: _read_as(field) for field in fields_of(table).values()}
        with reading(file):
            pl.scan_ndjson(file, schema=schema).sink_parquet(target)
    return rows


def _check(file: Path, table: str, findings: BookFindings) -> int:
    """Check every line by itself: documents that only neighbours complete are none."""
    model = MODELS[table]
    row = bad = 0
    with file.open("rb") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                _, report, _ = examine(model, line, pointer(AT, [table, row]))
            except PayloadError as error:
                report = error.report
            for issue in report.errors:
                _tell(issue, table, row, findings)
            row += 1
            bad += bool(report.total_errors)
            if bad == MAX_BAD_LINES:
                findings.report.complete = False
                break
    return row


def _tell(issue: Issue, table: str, row: int, findings: BookFindings) -> None:
    column = issue.pointer.removeprefix(pointer(AT, [table, row])).removeprefix("/").split("/")[0]

    def tell(_place: int, _path: Place) -> None:
        findings.report.errors.append(issue)
        findings.report.count(issue.code, 1)

    findings.faulty.add((table, column or "id"))
    findings.rows(issue.code, table, column, np.array([row]), tell)


def _read_as(field: Field) -> pl.DataType:
    """The column's type in JSON: dates are text."""
    if field.item is not None:
        return pl.List(_read_as(field.item))
    if field.parts:
        return pl.Struct([pl.Field(part.name, _read_as(part)) for part in field.parts])
    return pl.String() if field.kind == "date" else field.dtype
