"""Taking in a batch: a handful of lines is read, checked, stored and queued, then the next.

The tickets are told from the database, in a task of their own: a client that reads no answer before it has sent all
its lines keeps nobody waiting, and nothing is held in memory for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping

from coverplan.api.batches.lines import Line, Lines
from coverplan.api.batches.repetition import Repetition
from coverplan.api.batches.states import DAY_S, error_of, lines_of
from coverplan.api.body import Parsers, checked, count_values
from coverplan.api.errors import ApiError, ClientGoneError, as_api_error
from coverplan.api.guard.auth import Caller
from coverplan.api.guard.quotas import Admission
from coverplan.api.idempotency import in_flight, reused
from coverplan.api.runs.known import known_of
from coverplan.jobs.submit import Accepted, Known, Submission
from coverplan.payload.batches import BatchTicket
from coverplan.payload.error_document import Limit
from coverplan.payload.issues import IssueReport, PayloadError
from coverplan.payload.runs import RunError, RunRequest
from coverplan.settings import Settings
from coverplan.store import audit, batches
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError
from coverplan.store.idempotency import KeyInFlightError
from coverplan.store.ids import new_id
from coverplan.store.provenance import Provenance
from coverplan.store.sizes import size_of
from coverplan.store.store import Store

_TOLD_AT_ONCE = 256

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Means:
    """What an intake works with."""

    caller: Caller
    asked: Provenance
    admission: Admission
    store: Store
    settings: Settings
    submission: Submission
    parsers: Parsers


class Intake:
    """The lines of one call on their way into one batch."""

    def __init__(self, means: Means, lines: Lines, row: RowMapping, reader: str) -> None:
        self.batch_id: str = row["id"]
        self.error: ApiError | None = None
        """What ended the reading early."""
        self._means = means
        self._lines = lines
        self._reader = reader
        self._keyed = row["key"] is not None
        self._was_closed: bool = row["closed"]
        self._repetition = Repetition(row)
        self._accepted: int = row["accepted"]
        self._recorded = 0
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._take_in())

    @classmethod
    async def begin(cls, means: Means, lines: Lines, name: str | None, key: str | None) -> Intake:
        """A new batch, or, under a key that is known, the one that it belongs to.

        Raises:
            ApiError: another call with this key is at it.
        """
        reader = new_id("call")
        facts = {"id": new_id("batch"), "tenant": means.caller.tenant, "name": name, "key": key, **means.asked.columns}

        def begun(connection: Connection) -> RowMapping:
            row = batches.begin(connection, facts, reader)
            if row["id"] == facts["id"]:
                audit.add(connection, means.caller.by, "batch.submit", row["id"])
            return row

        try:
            row = await means.store.database.writing(begun)
        except KeyInFlightError:
            raise in_flight() from None
        return cls(means, lines, row, reader)

    @property
    def replayed(self) -> bool:
        """Whether all lines had been taken in by earlier calls with the same key."""
        return self._was_closed

    async def started(self) -> None:
        """Wait until the first tickets can be told.

        Raises:
            ApiError: nothing was taken, or the lines are not those that came under this key before.
        """
        while not self._task.done() and not self._recorded:
            await self._change()
        if self._task.done():
            self._task.result()
        if self.error is not None and not self._recorded:
            raise self.error

    async def tickets(self) -> AsyncIterator[bytes]:
        """The tickets and errors, in the order of the lines; at the end, what ended the reading early."""
        told = 0
        while True:
            done = self._task.done()
            while told < self._recorded:
                upto = min(self._recorded, told + _TOLD_AT_ONCE)
                yield await tickets_between(self._means.store, self.batch_id, told, upto)
                told = upto
            if done:
                break
            await self._change()
        self._task.result()
        if self.error is not None:
            yield lines_of([BatchTicket(line=None, error=error_of(self.error))])

    async def stop(self) -> None:
        """Read no further."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _change(self) -> None:
        waiting = asyncio.create_task(self._changed.wait())
        await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._changed.clear()

    async def _take_in(self) -> None:
        """Read all lines."""
        complete = False
        try:
            async for lines in self._lines.handfuls():
                await self._take(lines)
            if self._repetition.read < self._repetition.known:
                raise reused()
            if not self._repetition.read:
                report = IssueReport()
                report.add("empty_body", "", suggestion="Send one run request a line.")
                report.raise_errors()
            self._record(self._repetition.read)
            complete = True
        except ClientGoneError:
            log.info("batch cut off", batch_id=self.batch_id, lines=self._recorded)
        except (ApiError, PayloadError, DatabaseLostError, BlobLostError) as error:
            self.error = as_api_error(error)
        finally:
            await asyncio.shield(self._leave(complete))

    async def _leave(self, complete: bool) -> None:
        close = complete or not self._keyed
        expires_at = time.time() + DAY_S * self._means.settings.retention_days
        try:
            await self._means.store.database.writing(
                lambda c: batches.leave(c, self.batch_id, self._reader, close=close, expires_at=expires_at),
            )
        except DatabaseLostError:
            log.warning("the batch is left open for a while", batch_id=self.batch_id)

    async def _take(self, lines: Sequence[Line]) -> None:
        """Skip what was taken by an earlier call with the same key, which must be the same; take in the rest."""
        means, counted = self._means, self._repetition
        contents = await counted.contents(lines, means.parsers, means.settings)
        known = [counted.is_known(line, content) for line, content in zip(lines, contents, strict=True)]
        fresh = list(lines[sum(known) :])
        if any(known) and counted.read >= counted.known and not self._was_closed:
            self._record(counted.known)
        if not fresh:
            return
        if self._was_closed:
            raise reused()
        most = means.settings.max_batch_lines
        if counted.read > most:
            raise ApiError(
                "body_too_large",
                f"A batch may have {most:,} lines.",
                suggestion="Send the others as another batch, or raise COVERPLAN_MAX_BATCH_LINES.",
                limit=Limit(name="max_batch_lines", value=most),
            )
        await self._add(counted.read - len(fresh) + 1, fresh)
        self._record(counted.read)

    def _record(self, lines: int) -> None:
        self._recorded = lines
        self._changed.set()

    async def _add(self, first: int, lines: Sequence[Line]) -> None:
        """Check, store and queue lines of which `first` is the number of the first."""
        taken: list[tuple[int, Accepted]] = []
        errors: list[tuple[int, dict[str, Any]]] = []
        for number, found in enumerate(await self._accepted_of(lines), first):
            if isinstance(found, Accepted):
                taken.append((number, found))
            else:
                errors.append((number, error_of(found).model_dump(mode="json")))
        size = sum(run.bytes for _, run in taken) + size_of(*(error for _, error in errors))
        await self._means.admission.admit(self._means.caller, runs=len(taken), size=size)
        accepted = self._accepted + len(taken)
        facts = {"accepted": accepted, **self._repetition.facts()}

        def add(connection: Connection) -> None:
            if not batches.take(connection, self.batch_id, self._reader, facts, errors):
                raise in_flight()
            self._means.submission.add_lines(connection, self.batch_id, taken)

        async with self._means.submission.stored(*(run for _, run in taken)):
            await self._means.store.database.writing(add)
        self._accepted = accepted

    async def _accepted_of(self, lines: Sequence[Line]) -> list[Accepted | ApiError]:
        means = self._means
        size = sum(len(line) for line in lines if isinstance(line, bytes))
        requests = await means.parsers.run(lambda: [_read(line, means.settings) for line in lines], size)
        named = [await self._named(request) for request in requests]
        return await means.parsers.run(lambda: [self._made(one) for one in named], size)

    async def _named(self, request: RunRequest | ApiError) -> tuple[RunRequest, Known] | ApiError:
        """A request with what it only names."""
        if isinstance(request, ApiError):
            return request
        try:
            return request, await known_of(request, self._means.caller.tenant, self._means.store)
        except (ApiError, PayloadError) as error:
            return as_api_error(error)

    def _made(self, named: tuple[RunRequest, Known] | ApiError) -> Accepted | ApiError:
        if isinstance(named, ApiError):
            return named
        request, known = named
        return self._means.submission.accepted(request, self._means.caller.tenant, known, self._means.asked)


def _read(line: Line, settings: Settings) -> RunRequest | ApiError:
    """The request of a line, or what is wrong with it."""
    if isinstance(line, ApiError):
        return line
    try:
        if len(line) > settings.max_body_values:
            count_values(line, settings.max_body_values)
        request = checked(RunRequest, line)
        if request.reuse:
            report = IssueReport()
            report.add("invalid_value", "/reuse", value=True, reason="Each line of a batch is a run of its own.")
            report.raise_errors()
    except (ApiError, PayloadError) as error:
        return as_api_error(error)
    return request


async def tickets_between(store: Store, batch_id: str, after: int, upto: int) -> bytes:
    """The tickets and errors of some lines."""
    lines = await store.database.reading(lambda c: batches.tickets(c, batch_id, after, upto))
    return lines_of(
        [
            BatchTicket(line=line, error=RunError.model_validate(error))
            if row is None
            else BatchTicket(line=line, run_id=row["id"], job_status=row["job_status"])
            for line, row, error in lines
        ]
    )
