"""What a batch came to, as one stream: a page of lines is read from the database, its plans from the blobs."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import RowMapping

from coverplan.store import batches, runs
from coverplan.store.batches import Line
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

if TYPE_CHECKING:
    import polars as pl

_PAGE = 64
_SMALL = 1 << 18
"""Bytes of a plan that is fetched together with others; a larger one is passed on piece by piece."""
_AT_ONCE = 16
_ROWS = 50_000
"""Rows of a table that become text at once."""
_CHUNK = 1 << 20

Seats: TypeAlias = "tuple[int, str, pl.DataFrame]"
"""A line, its run, and seats of its plan."""


async def as_ndjson(store: Store, batch_id: str, after: int, lines: int, only: str | None) -> AsyncIterator[bytes]:
    """One document a line: the plan as it is stored, or the error."""
    async for page in _pages(store, batch_id, after, lines, only):
        plans = await _small_plans(store, page)
        for line, row, error in page:
            if row is None:
                yield _document({"line": line}, b"null", error)
                continue
            told = {"line": line, "run_id": row["id"]}
            told |= {name: row[name] for name in ("name", "job_status", "solution_status")}
            if line in plans or row["plan_path"] is None:
                yield _document(told, plans.get(line, b"null"), row["error"])
                continue
            head, tail = _document(told, b"\0", row["error"]).split(b"\0")
            yield head
            async for chunk in store.blobs.chunks(row["plan_path"]):
                yield chunk
            yield tail


async def as_csv(store: Store, batch_id: str, after: int, lines: int) -> AsyncIterator[bytes]:
    """The seats of all plans, each with its line and run."""
    yield await asyncio.to_thread(_csv, [], header=True)
    async for seats in _seats(store, batch_id, after, lines):
        yield await asyncio.to_thread(_csv, seats)


async def as_parquet(store: Store, batch_id: str, after: int, lines: int, work_folder: Path) -> AsyncIterator[bytes]:
    """The same as one Parquet file, which is put together in the work folder."""
    with tempfile.TemporaryDirectory(prefix="results-", dir=work_folder) as name:
        folder, parts = Path(name), 0
        await asyncio.to_thread(_write_part, [], folder, parts)
        async for seats in _seats(store, batch_id, after, lines):
            parts += 1
            await asyncio.to_thread(_write_part, seats, folder, parts)
        whole = await asyncio.to_thread(_joined, folder)
        with whole.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk


async def _seats(store: Store, batch_id: str, after: int, lines: int) -> AsyncIterator[list[Seats]]:
    """The seats of all plans, a few plans at a time or a part of a large one."""
    async for page in _pages(store, batch_id, after, lines, runs.COMPLETED):
        for rows in _handfuls([row for _, row, _ in page if row and row["plan_path"]]):
            if rows[0]["table_path"] is None:
                read = await asyncio.gather(*(_read(store, row) for row in rows))
                yield [seats for seats in read if seats is not None]
            elif (table := await _blob(store, rows[0]["table_path"])) is not None:
                seats = await asyncio.to_thread(_frame, table)
                for first in range(0, len(seats), _ROWS):
                    yield [(rows[0]["batch_line"], rows[0]["id"], seats.slice(first, _ROWS))]


async def _pages(store: Store, batch_id: str, after: int, lines: int, only: str | None) -> AsyncIterator[list[Line]]:
    for start in range(after, lines, _PAGE):
        page = await store.database.reading(
            partial(batches.results, batch_id=batch_id, after=start, upto=start + _PAGE)
        )
        yield [line for line in page if only is None or _status(line) == only]


def _status(line: Line) -> str:
    """A refused line counts as failed."""
    row = line[1]
    return runs.FAILED if row is None else str(row["job_status"])


async def _small_plans(store: Store, page: Sequence[Line]) -> dict[int, bytes]:
    places = [
        (line, row["plan_path"]) for line, row, _ in page if row and row["plan_path"] and row["plan_bytes"] <= _SMALL
    ]
    plans: dict[int, bytes] = {}
    for start in range(0, len(places), _AT_ONCE):
        some = places[start : start + _AT_ONCE]
        found = await asyncio.gather(*(_blob(store, path) for _, path in some))
        plans |= {line: plan or b"null" for (line, _), plan in zip(some, found, strict=True)}
    return plans


async def _blob(store: Store, path: str) -> bytes | None:
    """A blob; None where its run was erased meanwhile."""
    try:
        return await store.blobs.get(path)
    except NoBlobError:
        return None


def _document(told: Mapping[str, Any], plan: bytes, error: Mapping[str, Any] | None) -> bytes:
    blank = {"run_id": None, "name": None, "job_status": None, "solution_status": None}
    head = json.dumps({"line": told["line"], **blank, **told})[:-1].encode()
    return head + b', "plan": ' + plan + b', "error": ' + json.dumps(error).encode() + b"}\n"


def _handfuls(rows: Sequence[RowMapping]) -> Iterator[list[RowMapping]]:
    """Neighbouring runs whose plans are read together; one whose seats are a table is read by itself."""
    handful: list[RowMapping] = []
    for row in rows:
        if handful and (len(handful) == _AT_ONCE or row["table_path"] or handful[-1]["table_path"]):
            yield handful
            handful = []
        handful.append(row)
    if handful:
        yield handful


async def _read(store: Store, row: RowMapping) -> Seats | None:
    """The seats of a plan; None where its run was erased meanwhile."""
    plan, facts = await asyncio.gather(_blob(store, row["plan_path"]), _blob(store, row["request_path"]))
    if plan is None or facts is None:
        return None
    return row["batch_line"], row["id"], await asyncio.to_thread(_listed, plan, facts)


def _listed(plan: bytes, facts: bytes) -> pl.DataFrame:
    from coverplan.tables import plans  # noqa: PLC0415 - polars is for those who ask for tables

    return plans.plan_table(json.loads(plan), json.loads(facts).get("problem") or {})


def _frame(table: bytes) -> pl.DataFrame:
    import polars  # noqa: PLC0415, ICN001

    return polars.read_parquet(io.BytesIO(table))


def _csv(seats: Sequence[Seats], *, header: bool = False) -> bytes:
    from coverplan.tables import plans  # noqa: PLC0415

    return plans.seats_csv(seats, header=header).encode()


def _write_part(seats: Sequence[Seats], folder: Path, number: int) -> None:
    from coverplan.tables import plans  # noqa: PLC0415

    plans.seats_table(seats).write_parquet(folder / f"part-{number:06}.parquet")


def _joined(folder: Path) -> Path:
    """The parts in order as one file, without all of them in memory."""
    import polars  # noqa: PLC0415, ICN001

    whole = folder / "whole.parquet"
    polars.scan_parquet(sorted(folder.glob("part-*.parquet"))).sink_parquet(whole)
    return whole
