"""Plans by columns: one table of seats, with the rest of the plan in the file's metadata.

In Parquet the plan document without its seats is the JSON under the key `coverplan`, so that one file is the whole
plan. CSV, which has no such place, gets it as a JSON file of the same name beside it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from coverplan.domain.instance import Bools, Ints
from coverplan.payload.decode import Decoder
from coverplan.payload.plan import Plan
from coverplan.payload.seats import HANDOVER, NUMBERS, SCHEMA, TEXTS, UNCOVERED
from coverplan.runs.outcome import Outcome
from coverplan.runs.uncovered import reasons
from coverplan.tables.bulk.codes import text_series
from coverplan.tables.bulk.sources import SLICE, UnreadableTableError, reading
from coverplan.tables.plans import completed, neutral, restored

KEY = "coverplan"
CHANGES = ("kept", "moved", "new", UNCOVERED)
SUFFIXES = (".parquet", ".csv")
BATCH = 10_000
ASSIGNED = ("account_id", "role", "rep_id", "previous_rep_id", "change", "forced", *NUMBERS, *HANDOVER)
LEFT = ("account_id", "role", "previous_rep_id", "forced", "reason")


def seat_table(outcome: Outcome) -> pl.DataFrame:
    """One row per seat, covered ones first, as `plans.plan_table` has them; none without a plan."""
    if outcome.choice is None or outcome.account is None:
        return pl.DataFrame(schema=SCHEMA)
    decoder = Decoder(outcome.formulation, outcome.choice, outcome.account)
    instance, seats, covered = decoder.instance, decoder.book.seats, decoder.covered
    order = np.concatenate([np.flatnonzero(covered), np.flatnonzero(~covered)])
    count, account, entry = int(covered.sum()), seats.account[order], seats.current_entry[order]
    rep, held = decoder.rep[order], entry >= 0
    ids, names = text_series(instance.reps.ids), text_series(instance.reps.names)
    previous = np.where(held, instance.current.rep[np.maximum(entry, 0)], -1) if len(instance.current.rep) else entry
    previous_id = _named(text_series(instance.current.rep_ids), entry)
    change = np.where(decoder.kept, 0, np.where(seats.held, 1, 2))[order]
    change[count:] = 3
    idle = decoder.pairs.unit_of_seat[order[count:]]
    why = reasons(outcome.formulation, outcome.choice, outcome.account)[idle].tolist()
    numbers = {"expected_revenue": decoder.net, "relationship_loss": decoder.loss, "hours": decoder.hours}
    numbers["interim_hours"] = decoder.handovers.hours
    columns = {
        "account_id": text_series(instance.accounts.ids).gather(account),
        "account": text_series(instance.accounts.names).gather(account),
        "role": text_series(instance.roles).gather(seats.role[order]),
        "rep_id": _named(ids, rep),
        "rep": _named(names, rep),
        "previous_rep_id": previous_id,
        "previous_rep": pl.select(pl.coalesce(_named(names, previous), previous_id)).to_series(),
        "change": text_series(CHANGES).gather(change),
        **{name: _numbers(values[order], covered[order]) for name, values in numbers.items()},
        "forced": pl.Series(decoder.forced[order]),
        "handover_date": pl.Series(decoder.handovers.dates[order]),
        "reason": pl.Series([None], dtype=pl.String).new_from_index(0, count).append(pl.Series(why, dtype=pl.String)),
    }
    return pl.DataFrame({name: columns[name] for name in SCHEMA})


def write_table(plan: Plan, table: pl.DataFrame, path: Path) -> None:
    """The whole plan as one Parquet file; `plan` is the document without its seats."""
    table.write_parquet(path, metadata={KEY: plan.model_dump_json()})


def write_as(table: Path, path: Path) -> None:
    """Write a plan's Parquet file as a JSON document, or its seats as CSV; the rest is then for `sidecar`."""
    if path.suffix.lower() == ".json":
        path.write_text("".join(json_parts(table)), encoding="utf-8")
        return
    neutral(pl.scan_parquet(table)).sink_csv(path, line_terminator="\r\n")


def sidecar(path: Path) -> Path:
    """Where the rest of a plan lies whose seats are CSV."""
    return path.with_suffix(".json")


def json_parts(table: Path) -> Iterator[str]:
    """The plan document of a Parquet file as pieces of JSON, written from its columns."""
    yield from _pieces(plan_head(table), _seats(table))


def document_parts(plan: Plan, seats: pl.DataFrame) -> Iterator[str]:
    """The same of a plan without its seats and the table of them."""
    yield from _pieces(plan.model_dump(mode="json"), seats.lazy())


def _pieces(head: dict[str, Any], seats: pl.LazyFrame) -> Iterator[str]:
    rest = json.dumps(head)
    for key, rows in (("assignments", _assigned(seats)), ("uncovered", _left(seats))):
        before, rest = rest.split(f'"{key}": []', 1)
        yield f'{before}"{key}": {rows.collect().write_json()}'
    yield rest + "\n"


def plan_head(path: Path) -> dict[str, Any]:
    """The plan document without its seats.

    Raises:
        UnreadableTableError: the file holds no plan.
    """
    if path.suffix.lower() == ".csv":
        head = _beside(path)
    else:
        with reading(path):
            text = pl.read_parquet_metadata(path).get(KEY)
        if text is None:
            raise UnreadableTableError(f"{path} holds no plan: it has no metadata under the key {KEY}.")
        head = json.loads(text)
    if not isinstance(head, dict):
        raise UnreadableTableError(f"{path} holds no plan.")
    return {**head, "assignments": [], "uncovered": []}


def _beside(path: Path) -> Any:
    """The rest of a plan whose seats are CSV; raises UnreadableTableError where there is none, or another plan's."""
    rest = sidecar(path)
    if not path.is_file() or not rest.is_file():
        lacking = path if not path.is_file() else rest
        raise UnreadableTableError(
            f"there is no {lacking}. A CSV has the seats of a plan only; the rest is {rest}. "
            "The JSON and the Parquet of `solve --out` are whole plans."
        )
    try:
        head = json.loads(rest.read_bytes())
    except (OSError, ValueError) as error:
        raise UnreadableTableError(f"{rest}, which belongs to {path}, cannot be read: {error}") from None
    seats = head.get("assignments") if isinstance(head, dict) else None
    if seats and _triples(seats) != assigned_seats(path).rows():
        raise UnreadableTableError(f"{rest} is a plan of its own with other seats than {path}. Give one that is whole.")
    return head


def _triples(seats: Any) -> list[tuple[Any, ...]]:
    rows = seats if isinstance(seats, list) else []
    return [tuple(row.get(name) for name in ASSIGNED[:3]) for row in rows if isinstance(row, dict)]


def assignment_documents(path: Path) -> Iterator[dict[str, Any]]:
    """The plan's assignments as documents, a few thousand in memory at a time; raises UnreadableTableError."""
    yield from _documents(path, _assigned(_seats(path)))


def uncovered_documents(path: Path) -> Iterator[dict[str, Any]]:
    """The plan's uncovered seats as documents; raises UnreadableTableError."""
    yield from _documents(path, _left(_seats(path)))


def plan_document(path: Path) -> dict[str, Any]:
    """The whole plan document; raises UnreadableTableError."""
    head = plan_head(path)
    return {**head, "assignments": [*assignment_documents(path)], "uncovered": [*uncovered_documents(path)]}


def uncovered_reasons(path: Path) -> Counter[str]:
    """How many seats are uncovered for each reason."""
    with reading(path):
        counts = _left(_seats(path)).group_by("reason").len().collect()
    return Counter({reason: int(count) for reason, count in counts.rows()})


def assigned_seats(path: Path) -> pl.DataFrame:
    """account_id, role and rep_id of the assignments of a table of seats; raises UnreadableTableError."""
    with reading(path):
        rows = _seats(path)
        columns = rows.collect_schema().names()
        wanted = [name for name in ("account_id", "role", "rep_id") if name in columns]
        if "rep_id" not in wanted or "account_id" not in wanted:
            raise UnreadableTableError(f"{path}: expected the columns account_id, rep_id and perhaps role.")
        return rows.filter(pl.col("rep_id").is_not_null()).select(wanted).cast(pl.String).collect()


def _seats(path: Path) -> pl.LazyFrame:
    if path.suffix.lower() == ".csv":
        there = pl.scan_csv(path, infer_schema=False).collect_schema().names()
        earlier = {name: kind for name, kind in SCHEMA.items() if name not in HANDOVER}
        cells = pl.scan_csv(path, schema=earlier if there == [*earlier] else SCHEMA, null_values="")
        texts = (pl.col(name).map_batches(restored, return_dtype=pl.String) for name in TEXTS)
        return completed(cells.with_columns(texts))
    return completed(pl.scan_parquet(path))


def _assigned(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Covered seats as their documents have them: a date is text."""
    seats = rows.filter(pl.col("change") != UNCOVERED).select(ASSIGNED)
    return seats.with_columns(pl.col("handover_date").cast(pl.String), pl.col("interim_hours").fill_null(0.0))


def _left(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(pl.col("change") == UNCOVERED).select(LEFT)


def _documents(path: Path, rows: pl.LazyFrame) -> Iterator[dict[str, Any]]:
    start = 0
    while True:
        with reading(path):
            part = rows.slice(start, SLICE).collect()
        for begin in range(0, part.height, BATCH):
            yield from part.slice(begin, BATCH).to_dicts()
        if part.height < SLICE:
            return
        start += SLICE


def _named(names: pl.Series, codes: Ints) -> pl.Series:
    """The names at these positions; null for -1."""
    return names.gather(pl.Series(codes.astype(np.int64)).set(pl.Series(codes < 0), None))


def _numbers(values: np.ndarray, there: Bools) -> pl.Series:
    return pl.Series(values.astype(np.float64)).set(pl.Series(~there), None)
