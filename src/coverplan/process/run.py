"""One job on its way: the child that works on it, what may stop it, and what is saved when it is stopped."""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverplan import metrics
from coverplan.mip.program import StoppedBy
from coverplan.payload.requests import CHECKPOINT_FILE
from coverplan.process import channel
from coverplan.process.channel import Message
from coverplan.process.job import InvalidError, Job, JobFailedError, NoRoomError
from coverplan.process.link import Child, ChildLostError
from coverplan.room import passes

if TYPE_CHECKING:
    from coverplan.process.pool import SolverPool

_MEMORY_EVERY_S = 0.1
"""How often it is measured; a job that is done before the first time needs no guards at all."""
_SMALL = 1 << 20
"""Bytes that are written or read faster than a thread is woken."""
_UNDERSTUDY_S = 2.0
"""How long before a kill a child is started that can finish the work: importing takes about a second."""
_GRACE_PER_LOAD_S = 0.5
"""Grace per second of loading: decoding a plan grows with the problem as reading it does."""
_DECODING_PER_LOAD_S = 5.0
"""More of it for a child that is done searching: another one would have to load first, and then decode as well."""

_FINISHED_BY = {"solve": "finish", "solve_cell": "finish_cell", "solve_book": "finish_book"}
"""The jobs whose best result can be saved, and the job that saves it."""
_BLAMED = (StoppedBy.SOLVER_LOST.value, "internal_error")
"""How a job may fail for want of room: solvers do not say why."""

log = logging.getLogger(__name__)


class Run:
    """A job that runs in a child.

    Its `task` ends with the result or a `ProcessError`; cancelling it kills the child.
    """

    def __init__(self, pool: SolverPool, job: Job, listen: Callable[[dict[str, Any]], None] | None) -> None:
        self._pool = pool
        self._job = job
        self._listen = listen
        self._finish = asyncio.Event()
        self._finished_by = StoppedBy.FINISHED_BY_CALLER
        self._started = asyncio.Event()
        self._began = time.monotonic()
        self._loading_s = 0.0
        self._decoding = False
        self._stuck = False
        """Whether the result waits to be written."""
        self.checkpoint: Path | None = None
        """Where the best plan so far lies while it runs, once there is one."""
        self._searching_since: float | None = None
        self._gap: float | None = None
        self.task: asyncio.Task[bytes] = asyncio.create_task(self._go())

    async def result(self) -> bytes:
        """The result document; cancelling the caller cancels the run.

        Raises:
            ProcessError: there is none.
        """
        return await self.task

    def finish(self, reason: StoppedBy = StoppedBy.FINISHED_BY_CALLER) -> None:
        """Stop the solve; its result is the best plan so far. What is no solve goes on."""
        if self._job.kind in _FINISHED_BY and not self._finish.is_set():
            self._finished_by = reason
            self._finish.set()

    async def cancel(self) -> None:
        """Stop and discard; afterwards the child and its children are gone."""
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.exception()

    async def _go(self) -> bytes:
        try:
            return await self._in_folder()
        except OSError as error:
            if not passes(error):
                raise
            raise NoRoomError(str(error)) from error
        except JobFailedError as error:
            short = await self._pool.room.lack(now=True) if error.code in _BLAMED else None
            if short is None:
                raise
            raise NoRoomError(f"the work folder: {short}") from error

    async def _in_folder(self) -> bytes:
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self._pool.folder))
        try:
            request = folder / channel.REQUEST_FILE
            if len(self._job.request) < _SMALL:
                request.write_bytes(self._job.request)
            else:
                await asyncio.to_thread(request.write_bytes, self._job.request)
            self.checkpoint = folder / channel.CHECKPOINT / CHECKPOINT_FILE
            if self._job.checkpoint is not None:
                self.checkpoint.parent.mkdir()
                await asyncio.to_thread(self.checkpoint.write_bytes, self._job.checkpoint)
            return await self._work(folder)
        finally:
            self._count()
            self._pool.discard(folder)

    async def _work(self, folder: Path) -> bytes:
        job = self._job
        try:
            try:
                return await self._drive(job.kind, folder, fresh=job.large)
            except _StoppedError as lost:
                if self._started.is_set() or lost.reason is not StoppedBy.SOLVER_LOST:
                    raise
                # It died before it began: an idle child may have been killed from outside.
                return await self._drive(job.kind, folder, fresh=True)
        except _StoppedError as lost:
            metrics.CHILD_STOPS.labels(lost.reason.value).inc()
            facts = {"job": job.kind, "reason": lost.reason.value, "last_words": lost.last_words}
            log.warning("solver child stopped: %s", lost.reason.value, extra=facts)
            if job.kind not in _FINISHED_BY:
                raise JobFailedError(lost.reason.value, lost.last_words) from None
            return await self._save(folder, lost.reason)

    async def _save(self, folder: Path, reason: StoppedBy) -> bytes:
        """The best plan of a solve whose child is gone."""
        try:
            return await self._drive(_FINISHED_BY[self._job.kind], folder, fresh=False, stopped_by=reason)
        except (_StoppedError, JobFailedError) as error:
            raise JobFailedError(reason.value, error.last_words) from None

    async def _drive(self, kind: str, folder: Path, *, fresh: bool, stopped_by: StoppedBy | None = None) -> bytes:
        self._stuck = False
        try:
            async with self._pool.child(fresh) as child:
                child.jobs += 1
                order = {"job": kind, "folder": str(folder), "stopped_by": stopped_by, "patient": self._pool.patient}
                await child.send(order)
                message = await self._watch(child, saving=stopped_by is not None)
                if message["event"] == channel.ERROR and message["code"] != "invalid":
                    self._raise_failure(message["code"], child.last_words)
        except ChildLostError as error:
            raise _StoppedError(StoppedBy.SOLVER_LOST, str(error)) from None
        if message["event"] == channel.ERROR:
            report = json.loads((folder / channel.ERRORS_FILE).read_bytes())
            raise InvalidError(report["errors"], report["total"], report["more"])
        if self._job.target is not None:
            (folder / channel.RESULT_FILE).replace(self._job.target)
            return b""
        return await _content(folder / channel.RESULT_FILE)

    def _raise_failure(self, code: str, last_words: str) -> None:
        if code == StoppedBy.MEMORY_LIMIT:
            raise _StoppedError(StoppedBy.MEMORY_LIMIT, last_words)
        if code == channel.NO_ROOM:
            raise NoRoomError(last_words)
        if code == "nothing_kept":
            raise JobFailedError(StoppedBy.SOLVER_LOST.value)
        log.error("job failed: %s", code, extra={"job": self._job.kind, "last_words": last_words})
        raise JobFailedError(code, last_words)

    async def _watch(self, child: Child, *, saving: bool) -> Message:
        """Wait for the last message of a job, or for what stops it first."""
        self._began = time.monotonic()
        reading = asyncio.create_task(child.until_ended(self._hear))
        guards: dict[asyncio.Task[Any], StoppedBy] = {}
        try:
            done, _ = await asyncio.wait({reading}, timeout=_MEMORY_EVERY_S)
            if not done:
                guards = self._guards(child, saving)
                done, _ = await asyncio.wait({reading, *guards}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, *guards):
                task.cancel()
        if reading in done:
            message = reading.result()
            if message is None:
                raise _StoppedError(StoppedBy.SOLVER_LOST, child.last_words)
            return message
        reason = guards[done.pop()]
        raise _StoppedError(self._finished_by if reason is StoppedBy.FINISHED_BY_CALLER else reason, child.last_words)

    def _guards(self, child: Child, saving: bool) -> dict[asyncio.Task[Any], StoppedBy]:
        """What stops a job that takes a while, each with its reason."""
        guards: dict[asyncio.Task[Any], StoppedBy] = {
            asyncio.create_task(self._patience(saving)): StoppedBy.TIME_LIMIT,
            asyncio.create_task(self._outgrown(child)): StoppedBy.MEMORY_LIMIT,
        }
        if not saving:
            guards[asyncio.create_task(self._finished())] = StoppedBy.FINISHED_BY_CALLER
        return guards

    def _count(self) -> None:
        """Count a solve that got as far as searching."""
        if self._searching_since is not None and self._job.kind in _FINISHED_BY:
            metrics.note_solve(time.monotonic() - self._searching_since, self._job.time_limit_s, self._gap)

    def _hear(self, message: Message) -> None:
        if message["event"] == channel.WAITING and not self._stuck:
            self._stuck = True
            log.warning("a result waits for room in the work folder", extra={"reason": message["reason"]})
        if message["event"] != channel.PROGRESS:
            return
        self._gap = message["progress"].get("gap", self._gap)
        if not self._started.is_set():
            self._searching_since = time.monotonic()
            # The first progress marks the loaded problem: from there the time limit counts.
            self._loading_s = time.monotonic() - self._began
            self._started.set()
        self._decoding = message["progress"].get("phase") == "done"
        if self._listen is not None:
            self._listen(message["progress"])

    async def _patience(self, saving: bool) -> None:
        """Return when the child has had its time; none passes while its result waits for room."""
        await self._time_over(saving)
        await self._unstuck()

    async def _finished(self) -> None:
        """Return when the caller wants the best plan; a result that waits for room is that plan."""
        await self._finish.wait()
        await self._unstuck()

    async def _unstuck(self) -> None:
        """Return unless the solve has ended: then its child is not to be stopped, but by who cancels it."""
        if self._stuck:
            await asyncio.Event().wait()

    async def _time_over(self, saving: bool) -> None:
        settings, limit = self._pool.settings, self._job.time_limit_s
        if saving or limit is None:
            await asyncio.sleep(settings.load_timeout_s)
            return
        try:
            async with asyncio.timeout(settings.load_timeout_s):
                await self._started.wait()
        except TimeoutError:
            return
        early = max(limit - _UNDERSTUDY_S, limit / 2)
        assert self._searching_since is not None
        await asyncio.sleep(self._searching_since + early - time.monotonic())
        self._pool.understudy()
        await asyncio.sleep(limit - early + settings.grace_s + _GRACE_PER_LOAD_S * self._loading_s)
        if self._decoding:
            await asyncio.sleep(_DECODING_PER_LOAD_S * self._loading_s)

    async def _outgrown(self, child: Child) -> None:
        """Return when the child and its children use too much memory."""
        limit = self._pool.settings.memory_limit_bytes
        memory = 0
        while memory <= limit:
            await asyncio.sleep(_MEMORY_EVERY_S)
            memory = await asyncio.to_thread(child.memory)


async def _content(file: Path) -> bytes:
    if file.stat().st_size < _SMALL:
        return file.read_bytes()
    return await asyncio.to_thread(file.read_bytes)


class _StoppedError(Exception):
    """The child was stopped, or stopped by itself, before it answered."""

    def __init__(self, reason: StoppedBy, last_words: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.last_words = last_words
