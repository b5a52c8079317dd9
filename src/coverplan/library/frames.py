"""Frames of other libraries: any that has an Arrow C stream, and pandas, which without pyarrow has none."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from coverplan.payload.errors import InvalidError
from coverplan.payload.issues import IssueReport
from coverplan.payload.plan import AssignmentIn
from coverplan.tables.bulk.fields import HOLDER, MODELS, fields_of
from coverplan.tables.bulk.findings import BookFindings
from coverplan.tables.bulk.read import checked_frame
from coverplan.tables.bulk.sources import Table
from coverplan.tables.folder import given

_MISSING = {"NAType", "NaTType"}
"""What pandas calls its missing values beside NaN and None."""
_WHOLE = 2.0**53
"""Below it a double holds every whole number."""


class _Stream:
    """A frame as nothing but its Arrow C stream: polars has ways of its own for those that it knows."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def to_polars(frame: Any) -> pl.DataFrame:
    """The frame as a polars one, without a copy where its columns are Arrow's.

    Raises:
        TypeError: it is no frame that can be read.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        return pl.DataFrame(_Stream(frame))
    except (ImportError, AttributeError):
        if not hasattr(frame, "to_dict"):
            raise TypeError(f"{type(frame).__qualname__} has no Arrow C stream (__arrow_c_stream__).") from None
    columns: Mapping[Any, Sequence[Any]] = frame.to_dict("list")
    return pl.DataFrame([_series(str(name), list(map(_plain, values))) for name, values in columns.items()])


def problem_tables(frames: Mapping[str, Any]) -> dict[str, object]:
    """Frames by the names that a problem has for them, as lists of its documents.

    Columns are those of a folder's tables, flat ones too.

    Raises:
        InvalidError: cells cannot be read; issues name row and column as a pointer.
    """
    findings, found = BookFindings(), {}
    for name, frame in frames.items():
        rows = to_polars(frame)
        found[name] = [given(row) for row in (_checked(rows, name, findings) if name in MODELS else rows).to_dicts()]
    if findings.report.total_errors:
        raise InvalidError(findings.report)
    return dict(found)


def assignments(frame: Any) -> list[dict[str, object]]:
    """Proposed assignments of a frame with account_id, rep_id and perhaps role; rows without a rep are left out.

    Raises:
        InvalidError: it lacks a column.
    """
    rows, report = to_polars(frame), IssueReport()
    for name, field in AssignmentIn.model_fields.items():
        if field.is_required() and name not in rows.columns:
            report.add("missing_field", f"/assignments/0/{name}", field=name)
    if report.total_errors:
        raise InvalidError(report)
    rows = rows.select(_text(rows[name]) for name in AssignmentIn.model_fields if name in rows.columns)
    return [given(row) for row in rows.drop_nulls("rep_id").to_dicts()]


def _checked(rows: pl.DataFrame, table: str, findings: BookFindings) -> pl.DataFrame:
    fitted = _fitted(rows, table)
    return checked_frame(Table(table, Path(table), dict(fitted.schema), fitted.height, fitted), findings)


def _plain(value: Any) -> Any:
    """A cell without the types of the library that it is from."""
    if value is None or type(value).__name__ in _MISSING or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.tolist() if hasattr(value, "tolist") else value


def _series(name: str, values: list[Any]) -> pl.Series:
    """A column; of values of several types numbers become decimal numbers, and all else text."""
    try:
        return pl.Series(name, values)
    except (TypeError, pl.exceptions.PolarsError):
        pass
    kinds = {type(value) for value in values} - {type(None)}
    convert = float if kinds <= {int, float} else str
    return pl.Series(name, [None if value is None else convert(value) for value in values])


def _fitted(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Ids that are whole numbers as text, and moments that are days as dates, where the table wants these."""
    wanted = {name: kind for name, kind in _wanted(table).items() if name in frame.columns}
    return frame.with_columns(
        _text(frame[name]) if kind == "text" else _day(frame[name]) for name, kind in wanted.items()
    )


def _wanted(table: str) -> dict[str, str]:
    """What each column is to hold, flat ones included."""
    fields = dict(fields_of(table))
    current = fields.get("current")
    if current is not None and current.item is not None:
        held = {part.name: part for part in current.item.parts}
        fields |= {name: held[part] for name, part in HOLDER.items()}
    return {name: field.kind for name, field in fields.items() if field.kind in ("text", "date")}


def _text(column: pl.Series) -> pl.Series:
    """Whole numbers as text, also where blanks have made them decimal; anything else as it is."""
    if column.dtype.is_float() and (column.is_finite() & (column == column.round()) & (column.abs() < _WHOLE)).all():
        column = column.cast(pl.Int64)
    return column.cast(pl.String) if column.dtype.is_integer() else column


def _day(column: pl.Series) -> pl.Series:
    """Moments as dates, if all are midnights; anything else as it is."""
    if column.dtype == pl.Datetime and (column.dt.time() == dt.time(0)).all():
        return column.dt.date()
    return column
