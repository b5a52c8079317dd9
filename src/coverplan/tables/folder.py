"""A book as a folder of tables: `problem.json` for the small parts, one Parquet file per table.

Tables have the document's fields as columns (lists and objects nested), so that a folder and a document say the
same, and a reader of columns never builds an object per account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import polars as pl

TABLES = ("territories", "managers", "reps", "accounts", "fit", "pairs")
HEAD = "problem.json"


@dataclass(frozen=True, eq=False)
class Book:
    """A problem in columns: `head` holds horizon, currency and segments, `tables` the rest by name."""

    head: dict[str, object]
    tables: Mapping[str, pl.DataFrame]


def document(book: Book) -> dict[str, object]:
    """The problem document of a book; fields that are null are left out."""
    rows = {name: [given(row) for row in table.to_dicts()] for name, table in book.tables.items() if table.height}
    return {**book.head, "reps": [], "accounts": [], **rows}


def write_folder(book: Book, path: Path) -> None:
    """Write a book as a folder; tables of an earlier book in it are replaced."""
    path.mkdir(parents=True, exist_ok=True)
    (path / HEAD).write_text(json.dumps(book.head, indent=1, default=str) + "\n", encoding="utf-8")
    for name in TABLES:
        table = book.tables.get(name)
        if table is None or not table.height:
            (path / f"{name}.parquet").unlink(missing_ok=True)
        else:
            table.write_parquet(path / f"{name}.parquet")


def given(row: dict[str, object]) -> dict[str, object]:
    """A row as a document has it: without nulls and empty lists, its dates as text."""
    return {key: _plain(value) for key, value in row.items() if value is not None and value != []}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return given(cast("dict[str, object]", value))
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
