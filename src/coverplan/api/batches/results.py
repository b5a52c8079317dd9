"""What a batch came to, as one stream: a page of lines is read from the database, its plans from the blobs."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverplan.store import batches, runs
from coverplan.store.batches import Line
from coverplan.store.blobs import NoBlobError
from coverplan.store.store import Store

if TYPE_CHECKING:
    import polars as pl

    from coverplan.tables.plans import LineOfBatch

_PAGE = 64
_SMALL = 1 << 18
"""Bytes of a plan that is fetched together with others; a larger one is passed on piece by piece."""
_AT_ONCE = 16
_ROWS = 50_000
"""Rows of a table that become text at once."""
_CHUNK = 1 << 20


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


async def as_csv(store: Store, batch_id: str, after: int, lines: int, only: str | None) -> AsyncIterator[bytes]:
    """The seats of all plans, each with its line and run; a row for each line without a plan, which says why."""
    yield await asyncio.to_thread(_csv, [], header=True)
    async for seats in _seats(store, batch_id, after, lines, only):
        yield await asyncio.to_thread(_csv, seats)


async def as_parquet(
    store: Store, batch_id: str, after: int, lines: int, only: str | None, work_folder: Path
) -> AsyncIterator[bytes]:
    """The same as one Parquet file, which is put together in the work folder."""
    with tempfile.TemporaryDirectory(prefix="results-", dir=work_folder) as name:
        folder, parts = Path(name), 0
        await asyncio.to_thread(_write_part, [], folder, parts)
        async for seats in _seats(store, batch_id, after, lines, only):
            parts += 1
            await asyncio.to_thread(_write_part, seats, folder, parts)
        whole = await asyncio.to_thread(_joined, folder)
        with whole.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk


async def _seats(
    store: Store, batch_id: str, after: int, lines: int, only: str | None
) -> AsyncIterator[list[LineOfBatch]]:
    """The seats of all lines, a few lines at a time or a part of a large plan."""
    async for page in _pages(store, batch_id, after, lines, only):
        for handful in _handfuls(page):
            table = _table_of(handful[0])
            seats = None if table is None else await _blob(store, table)
            if seats is None:
                yield list(await asyncio.gather(*(_read(store, line) for line in handful)))
                continue
            frame = await asyncio.to_thread(_frame, seats)
            for first in range(0, len(frame), _ROWS):
                yield [_told(handful[0], frame.slice(first, _ROWS))]


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


def _handfuls(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Neighbouring lines whose plans are read together; one whose seats are a table is read by itself."""
    handful: list[Line] = []
    for line in lines:
        if handful and (len(handful) == _AT_ONCE or _table_of(line) or _table_of(handful[-1])):
            yield handful
            handful = []
        handful.append(line)
    if handful:
        yield handful


def _table_of(line: Line) -> str | None:
    """Where the seats of a plan lie that are a table of their own."""
    return None if line[1] is None else line[1]["table_path"]


async def _read(store: Store, line: Line) -> LineOfBatch:
    """A line with the seats of its plan; without any where it has none, or its run was erased meanwhile."""
    row = line[1]
    if row is None or row["plan_path"] is None:
        return _told(line)
    plan, facts = await asyncio.gather(_blob(store, row["plan_path"]), _blob(store, row["request_path"]))
    if plan is None or facts is None:
        return _told(line)
    return _told(line, await asyncio.to_thread(_listed, plan, facts))


def _told(line: Line, seats: pl.DataFrame | None = None) -> LineOfBatch:
    """What a line says of itself, beside its seats."""
    from coverplan.tables.plans import LineOfBatch  # noqa: PLC0415 - polars is for those who ask for tables

    number, row, refused = line
    error = (refused if row is None else row["error"]) or {}
    told = {"error_code": error.get("code"), "error": error.get("message")}
    if row is not None:
        told |= {name: row[name] for name in ("job_status", "solution_status")}
    return LineOfBatch(number, None if row is None else row["id"], told, seats)


def _listed(plan: bytes, facts: bytes) -> pl.DataFrame:
    from coverplan.tables import plans  # noqa: PLC0415 - polars is for those who ask for tables

    return plans.plan_table(json.loads(plan), json.loads(facts).get("problem") or {})


def _frame(table: bytes) -> pl.DataFrame:
    import polars  # noqa: PLC0415, ICN001

    return polars.read_parquet(io.BytesIO(table))


def _csv(seats: Sequence[LineOfBatch], *, header: bool = False) -> bytes:
    from coverplan.tables import plans  # noqa: PLC0415

    return plans.seats_csv(seats, header=header).encode()


def _write_part(seats: Sequence[LineOfBatch], folder: Path, number: int) -> None:
    from coverplan.tables import plans  # noqa: PLC0415

    plans.seats_table(seats).write_parquet(folder / f"part-{number:06}.parquet")


def _joined(folder: Path) -> Path:
    """The parts in order as one file, without all of them in memory."""
    import polars  # noqa: PLC0415, ICN001

    whole = folder / "whole.parquet"
    polars.scan_parquet(sorted(folder.glob("part-*.parquet"))).sink_parquet(whole)
    return whole
