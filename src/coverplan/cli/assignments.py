"""Proposed assignments from JSON or CSV."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import polars as pl
from pydantic import Field

from coverplan.cli.bad_input import BadInputError, Locate
from coverplan.cli.inputs import file_bytes, reading_plan
from coverplan.payload.base import Document
from coverplan.payload.issues import PayloadError
from coverplan.payload.json_text import read_json
from coverplan.payload.plan import AssignmentIn
from coverplan.payload.reading import read_document
from coverplan.tables.bulk.plans import SUFFIXES, assigned_seats
from coverplan.tables.plans import TableError, assignment_frame

COLUMNS = tuple(AssignmentIn.model_fields)
AT = "/assignments"


class _Proposal(Document):
    assignments: list[AssignmentIn] = Field(description="Who covers what.")


def read_assignments(path: Path) -> list[AssignmentIn]:
    """Assignments from a table with the columns account_id, rep_id and perhaps role, or from JSON: a list or a plan.

    Raises:
        BadInputError: the file holds something else.
    """
    try:
        rows = _table_rows(path) if path.suffix.lower() in SUFFIXES else _json_rows(path)
        return read_document(_Proposal, json.dumps({"assignments": rows}).encode()).assignments
    except PayloadError as error:
        raise BadInputError(report=error.report, files={AT: path}, locate=row_of(path)) from None


def assignment_table(path: Path) -> pl.DataFrame:
    """The same as columns, without an object per assignment where the file is a table; raises BadInputError."""
    if path.suffix.lower() == ".parquet":
        return reading_plan(path, assigned_seats)
    if path.suffix.lower() != ".csv":
        rows = [(one.account_id, one.role, one.rep_id) for one in read_assignments(path)]
        return pl.DataFrame(rows, dict.fromkeys(("account_id", "role", "rep_id"), pl.String), orient="row")
    try:
        return assignment_frame(path)
    except TableError as error:
        raise BadInputError(str(error)) from None


def row_of(path: Path, otherwise: Locate | None = None) -> Locate:
    """Tells in which row of a CSV of assignments a pointer leads; `otherwise` tells of other files."""

    @cache
    def rows() -> list[int]:
        return assignment_frame(path, numbered=True)["row"].to_list()

    def locate(pointer: str) -> str | None:
        head, _, field = pointer.removeprefix(f"{AT}/").partition("/")
        if not pointer.startswith(f"{AT}/") or path.suffix.lower() != ".csv":
            return None if otherwise is None else otherwise(pointer)
        return f"{path}, row {rows()[int(head)]}" + (f', column "{field}"' if field else "")

    return locate


def _json_rows(path: Path) -> list[object]:
    """The list, or the list in the field `assignments`; of a plan's assignments only what a proposal needs."""
    given = read_json(file_bytes(path), AT)
    if not isinstance(given, dict):
        rows = given
    else:
        rows = given.get("assignments")
        if isinstance(rows, list) and "solution_status" in given:
            rows = [_needed(row) if isinstance(row, dict) else row for row in rows]
    if not isinstance(rows, list):
        raise BadInputError(f'{path}: expected a list of assignments, or an object with "assignments".')
    return rows


def _table_rows(path: Path) -> list[object]:
    """Rows with a rep; other columns are left out, so that a plan's table can be edited and measured."""
    rows = assignment_table(path).to_dicts()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _needed(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")}
