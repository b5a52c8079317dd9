"""Names to positions and back, a column at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools, Floats, Ints, Ragged, Texts

CHUNK = 1 << 16


def flat_texts(values: pl.Series) -> Texts:
    """The texts as a numpy column; a few thousand at a time pass through Python."""
    flat = np.empty(len(values), np.dtypes.StringDType())
    for start in range(0, len(values), CHUNK):
        flat[start : start + CHUNK] = values.slice(start, CHUNK).to_list()
    return flat


def text_series(flat: Texts | Iterable[str]) -> pl.Series:
    """The texts as a polars column."""
    if not isinstance(flat, np.ndarray):
        return pl.Series(list(flat), dtype=pl.String)
    parts = [pl.Series(flat[start : start + CHUNK].tolist(), dtype=pl.String) for start in range(0, len(flat), CHUNK)]
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.String)


def vocabulary(*columns: pl.Series) -> pl.Series:
    """Every name, in the order of first appearance."""
    named = [column.drop_nulls().unique(maintain_order=True) for column in columns]
    return pl.concat(named).unique(maintain_order=True)


def codes(values: pl.Series, names: pl.Series) -> Ints:
    """Position of each value among the names, the first where a name stands twice; -1 for null and for no name."""
    known = pl.DataFrame({"name": names, "code": pl.int_range(len(names), dtype=pl.Int32, eager=True)})
    known = known.drop_nulls("name").unique("name", keep="first")
    found = pl.DataFrame({"name": values}).join(known, on="name", how="left", maintain_order="left")["code"]
    return np.asarray(found.fill_null(-1).to_numpy(writable=True), np.int32)


def floats(values: pl.Series) -> Floats:
    """Numbers, NaN for null."""
    return np.asarray(values.fill_null(np.nan).to_numpy(writable=True), np.float64)


def flags(values: pl.Series) -> Bools:
    """Flags, False for null."""
    return np.asarray(values.fill_null(False).to_numpy(writable=True), np.bool_)


def ragged(lists: pl.Series, names: pl.Series) -> Ragged:
    """Lists of names as lists of positions, each name once."""
    once = lists.list.unique(maintain_order=True)
    lengths = once.list.len().to_numpy().astype(np.int64)
    inner = once.filter(lengths > 0).explode()
    start = np.concatenate([[0], np.cumsum(lengths)])
    return Ragged(start, codes(inner, names))


def exploded(lists: pl.Series) -> pl.Series:
    """The entries of all lists in order."""
    return lists.filter(lists.list.len() > 0).explode()
