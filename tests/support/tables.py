"""Problem documents as folders of tables, nested Parquet or flat CSV, and instances compared."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.testing import assert_array_equal

from coverplan.domain.instance import Instance
from coverplan.tables.folder import Book, document

Document = dict[str, Any]
LISTS = ("revenue_history", "ramp", "required_skills", "tags", "territory_ids", "segments", "skills")
TABLES = ("territories", "managers", "reps", "accounts", "fit", "pairs")
CURRENT = pl.List(pl.Struct({"role": pl.String, "rep_id": pl.String, "since": pl.String}))
LOCATION = pl.Struct({"lat": pl.Float64, "lon": pl.Float64})
NESTED: dict[str, Any] = {"current": CURRENT, "location": LOCATION}
DATES = ("start_date", "end_date")


def write_parquet_book(problem: Document, folder: Path) -> Path:
    """The document's tables with lists and objects nested."""
    for name, rows in _tables(problem, folder):
        columns = list(dict.fromkeys(key for row in rows for key in row))
        frame = pl.DataFrame(
            [
                pl.Series(
                    key,
                    [row.get(key) for row in rows],
                    NESTED.get(key) or (pl.List(pl.Float64) if key in ("ramp", "revenue_history") else None),
                    strict=False,
                )
                for key in columns
            ]
        )
        frame.with_columns(
            pl.col(key).str.to_date() for key in DATES if frame.schema.get(key) == pl.String
        ).write_parquet(folder / f"{name}.parquet")
    return folder


def write_csv_book(problem: Document, folder: Path) -> Path:
    """The document's tables with everything flat."""
    for name, rows in _tables(problem, folder):
        flat = [_flat(row) for row in rows]
        columns = list(dict.fromkeys(key for row in flat for key in row))
        pl.DataFrame(
            {key: [row.get(key) for row in flat] for key in columns}, schema=dict.fromkeys(columns, pl.String)
        ).write_csv(folder / f"{name}.csv")
    return folder


def _tables(problem: Document, folder: Path) -> list[tuple[str, list[Document]]]:
    folder.mkdir(parents=True, exist_ok=True)
    head = {key: value for key, value in problem.items() if key not in TABLES}
    (folder / "problem.json").write_text(json.dumps(head))
    return [(name, problem[name]) for name in TABLES if problem.get(name)]


def _flat(row: Document) -> dict[str, str | None]:
    flat: dict[str, str | None] = {}
    for key, value in row.items():
        if key == "location":
            flat |= {} if value is None else {name: repr(value[name]) for name in ("lat", "lon")}
        elif key == "current":
            for name in ("rep_id", "role", "since"):
                entries = [entry.get(name) or "" for entry in value]
                flat[f"current_{name}"] = ";".join(entries) if any(entries) else None
        elif key in LISTS:
            flat[key] = None if value is None else ";".join(map(str, value))
        else:
            flat[key] = None if value is None else str(value)
    return flat


def expect_same(one: object, other: object, path: str = "instance") -> None:
    """Equal dataclasses of arrays: the same types, shapes and values."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        assert one.dtype == other.dtype, path
        assert_array_equal(one, other, err_msg=path)
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            expect_same(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    else:
        assert one == other, path


def expect_same_instance(one: Instance, other: Instance) -> None:
    """The same facts in the same columns."""
    expect_same(one, other)


def raw_document(folder: Path) -> Document:
    """The document that a folder of nested Parquet tables says word for word, right or wrong."""
    head = json.loads((folder / "problem.json").read_text())
    return document(Book(head, {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}))
