"""Mapped rows to the problem document: nested fields, the coverage model and the overrides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping as Dict

import polars as pl
from pydantic import BaseModel

from coverplan.payload.problem import Account, Manager, Rep, Territory
from coverplan.tables.fields import TABLES
from coverplan.tables.findings import Findings, Message, did_you_mean
from coverplan.tables.folder import Book, document
from coverplan.tables.mapping import Mapping, Override
from coverplan.tables.rows import OWNER_PREFIX, ROW, SINCE_PREFIX, Rows

MODELS: dict[str, type[BaseModel]] = {"accounts": Account, "reps": Rep, "managers": Manager, "territories": Territory}


def assemble(tables: dict[str, Rows], mapping: Mapping, findings: Findings) -> dict[str, object]:
    """The document; overrides are applied last."""
    head: dict[str, object] = {}
    if mapping.horizon is not None:
        head["horizon"] = dict(mapping.horizon)
    if mapping.currency is not None:
        head["currency"] = mapping.currency
    segments = [dict(segment) for segment in mapping.segments]
    for segment in segments:
        told = ", ".join(f"{key} = {value!r}" for key, value in segment.items() if key != "id")
        findings.note(f"constant: segment {segment.get('id')}: {told}")
    segments += _missing_segments(tables["accounts"], segments, findings)
    if segments:
        head["segments"] = segments
    frames = {name: _nested(tables[name], findings) for name in TABLES if name in tables}
    made = document(Book(head, frames))
    if mapping.fit:
        made["fit"] = [dict(entry) for entry in mapping.fit]
    for override in mapping.overrides:
        _apply(override, made, mapping.file, findings)
    return made


def _missing_segments(accounts: Rows, given: list[dict[str, object]], findings: Findings) -> list[dict[str, object]]:
    """Segments that accounts name and the coverage model lacks: one role, the default hour."""
    if "segment" not in accounts.frame.columns:
        return []
    known = {segment.get("id") for segment in given} | {"default"}
    new = [name for name in accounts.frame["segment"].drop_nulls().unique().sort() if name not in known]
    if new:
        findings.note(
            f"segments not described by [[segments]], each taken as one account executive for 1 hour: {', '.join(new)}"
        )
    return [{"id": name} for name in new]


def _nested(rows: Rows, findings: Findings) -> pl.DataFrame:
    """Columns of the document: `location` from lat and lon, `current` from the owners."""
    frame = rows.frame
    flat = {"lat", "lon", "owner", "owner_since", ROW}
    keep = [name for name in frame.columns if name not in flat and not name.startswith((OWNER_PREFIX, SINCE_PREFIX))]
    columns: list[pl.Expr | pl.Series] = [pl.col(name) for name in keep]
    if {"lat", "lon"} <= set(frame.columns):
        columns.append(_locations(rows, findings))
    held = [name for name in frame.columns if name == "owner" or name.startswith(OWNER_PREFIX)]
    if rows.table == "accounts" and held:
        columns.append(pl.concat_list([_holding(frame, name) for name in held]).list.drop_nulls().alias("current"))
    return frame.select(columns)


def _locations(rows: Rows, findings: Findings) -> pl.Series:
    """Locations; half a location and the point 0, 0 (an export's word for unknown) are none."""
    lat, lon = rows.frame["lat"], rows.frame["lon"]
    half = lat.is_null() != lon.is_null()
    nowhere = ((lat == 0) & (lon == 0)).fill_null(False)
    for wrong, text in (
        (half, "one of latitude and longitude is blank"),
        (nowhere, "latitude and longitude are both 0, a point in the Atlantic"),
    ):
        if wrong.any():
            more = f"{text}, here and in {int(wrong.sum()) - 1:,} more rows: taken as no location."
            findings.warn(rows.message(int(wrong.arg_max() or 0), "lat", more))
    known = lat.is_not_null() & lon.is_not_null() & ~nowhere
    return rows.frame.select(pl.when(known).then(pl.struct("lat", "lon")).alias("location"))["location"]


def _holding(frame: pl.DataFrame, column: str) -> pl.Expr:
    """One entry of `current`; null where nobody holds the seat."""
    role = None if column == "owner" else column.removeprefix(OWNER_PREFIX)
    since = "owner_since" if role is None else SINCE_PREFIX + role
    date = pl.col(since).cast(pl.Date) if since in frame.columns else pl.lit(None, dtype=pl.Date)
    entry = pl.struct(pl.lit(role, dtype=pl.String).alias("role"), pl.col(column).alias("rep_id"), date.alias("since"))
    return pl.when(pl.col(column).is_not_null()).then(entry)


def _apply(override: Override, made: dict[str, object], file: str, findings: Findings) -> None:
    """Set the fields of one entry; says what was set."""
    where = f"[[override]] {override.id}"
    holders = [name for name in MODELS if override.table in (None, name) and override.id in _ids(made, name)]
    if len(holders) != 1:
        text = f"{where}: the id stands in {' and '.join(holders) or 'no table'}."
        findings.error(Message(text, file, suggestion='Say which: table = "reps".' if holders else None))
        return
    known = list(MODELS[holders[0]].model_fields)
    for key in override.fields:
        if key not in known:
            findings.error(
                Message(f"{where}: {holders[0]} have no field {key}.", file, suggestion=did_you_mean(key, known))
            )
    entries = made[holders[0]]
    assert isinstance(entries, list)
    next(entry for entry in entries if entry["id"] == override.id).update(override.fields)
    told = ", ".join(f"{key} = {value!r}" for key, value in override.fields.items())
    findings.note(f"override: {holders[0]} {override.id}: {told}" + (f" ({override.note})" if override.note else ""))


def _ids(made: Dict[str, object], table: str) -> Counter[str]:
    entries = made.get(table, [])
    assert isinstance(entries, list)
    return Counter(entry["id"] for entry in entries)
