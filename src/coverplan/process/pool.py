"""The pool of solver children: who gets one, for how long, and what is made of a lost one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from coverplan.mip.program import StoppedBy
from coverplan.process.job import BusyError, ClosingError, Job
from coverplan.process.link import Child
from coverplan.process.run import Run
from coverplan.process.scratch import Scratch, remove_dead
from coverplan.process.watch import Watch
from coverplan.room import lack
from coverplan.settings import MEGABYTE, Settings

Listener = Callable[[dict[str, Any]], None]
"""Takes progress documents."""

_RETRY_S = 5.0
"""Pause before a child that did not start is tried again."""
_LITTER_S = 0.2
"""How long the files of ended jobs may stay, to be removed together."""

log = logging.getLogger(__name__)


class SolverPool:
    """Runs jobs in child processes, at most `slots` at a time.

    Small jobs share warm children, which are replaced after a number of jobs, any failure or growth of memory; a large
    one gets a fresh child. Use it as an async context manager: leaving it kills every child and removes every file.
    """

    def __init__(self, settings: Settings, module: str = "coverplan.process.work", *, patient: bool = False) -> None:
        """`patient`: results wait for room in the work folder; else their jobs fail with `NoRoomError`."""
        self.settings = settings
        self.patient = patient
        self.room = Watch(lambda: None if self._folder is None else lack(self._folder))
        self._module = module
        self._slots = asyncio.Semaphore(settings.slots)
        self._runs: set[Run] = set()
        self._closing = asyncio.Event()
        self._waiting = 0
        self._idle: deque[Child] = deque()
        self._children: set[Child] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._starting: deque[asyncio.Task[Child]] = deque()
        self._scratch: Scratch | None = None
        self._folder: Path | None = None
        self._litter: list[Path] = []

    async def __aenter__(self) -> Self:
        self._scratch = Scratch(self.settings.work_dir)
        self._folder = self._scratch.path
        self._keep(asyncio.create_task(asyncio.to_thread(remove_dead, self.settings.work_dir)))
        self.keep_warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in self._children))
        if self._scratch is not None:
            self._scratch.remove()

    @property
    def folder(self) -> Path:
        """Where running jobs keep their files."""
        if self._folder is None:
            raise RuntimeError("the pool is not open")
        return self._folder

    @property
    def ready(self) -> bool:
        """Whether a small job would start at once or a slot is at work."""
        return self._folder is not None and (
            self.settings.idle_children == 0 or any(child.alive for child in self._children)
        )

    @property
    def crowded(self) -> bool:
        """Whether jobs wait for a slot."""
        return self._waiting > 0

    async def submit(self, job: Job, listen: Listener | None = None) -> Run:
        """Start a job once a slot is free.

        Raises:
            BusyError: none got free within `queue_wait_s`, or too many wait already.
            ClosingError: no more jobs are taken.
        """
        await self._reserve()
        run = Run(self, job, listen)
        self._runs.add(run)
        self._keep(run.task)
        run.task.add_done_callback(lambda _: self._release(run))
        return run

    def wind_up(self) -> None:
        """Take no more jobs, and have running solves answer with the best that they have."""
        self._closing.set()
        for run in self._runs:
            run.finish(StoppedBy.SHUTDOWN)

    def _release(self, run: Run) -> None:
        self._runs.discard(run)
        self._slots.release()

    async def run(self, job: Job, listen: Listener | None = None) -> bytes:
        """The result of a job; cancelling the caller kills its child.

        Raises:
            ProcessError: there is no result.
        """
        return await (await self.submit(job, listen)).result()

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A slot, for work that another pool does with settings of its own.

        Raises:
            BusyError: as for `submit`.
        """
        await self._reserve()
        try:
            yield
        finally:
            self._slots.release()

    async def _reserve(self) -> None:
        if self._closing.is_set():
            raise ClosingError
        if not self._slots.locked():
            await self._slots.acquire()
            return
        if self._waiting >= self.settings.queue_length:
            raise BusyError
        self._waiting += 1
        turn, closing = asyncio.create_task(self._slots.acquire()), asyncio.create_task(self._closing.wait())
        try:
            patience = self.settings.queue_wait_s
            await asyncio.wait({turn, closing}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set():
                raise ClosingError
            if not turn.done():
                raise BusyError
        except BaseException:
            if not turn.cancel() and not turn.cancelled():
                self._slots.release()
            raise
        finally:
            closing.cancel()
            self._waiting -= 1

    @contextlib.asynccontextmanager
    async def child(self, fresh: bool) -> AsyncIterator[Child]:
        """A child for one job; it stays for the next one only if the block ends well.

        Raises:
            ChildLostError: it does not start.
        """
        child = await self._take(fresh)
        kept = False
        try:
            yield child
            kept = not fresh and child.alive and self._settle(child)
        finally:
            if not kept:
                await asyncio.shield(self._retire(child))
                self.keep_warm()

    def _settle(self, child: Child) -> bool:
        """Keep a child for the next job, if it is needed; a worn one only until its replacement is ready."""
        if len(self._idle) >= self.settings.idle_children:
            return False
        if self._is_worn(child):
            if len(self._children) > self.settings.idle_children:
                return False
            if not self._starting:
                self._begin()
        self._idle.append(child)
        return True

    def keep_warm(self) -> None:
        """Start children in the background until enough are there."""
        while self._folder is not None and len(self._children) + len(self._starting) < self.settings.idle_children:
            self._begin()

    def understudy(self) -> None:
        """Have a child at hand that can finish the work of one that is about to be killed."""
        if self._folder is not None and not self._idle and not self._starting:
            self._begin()

    def discard(self, folder: Path) -> None:
        """Remove the files of a job in a moment, with those of other jobs, without making its caller wait."""
        if self._folder is None:
            return  # closing removes everything
        self._litter.append(folder)
        if len(self._litter) == 1:
            self._keep(asyncio.create_task(self._clean_up()))

    async def _clean_up(self) -> None:
        await asyncio.sleep(_LITTER_S)
        folders, self._litter = self._litter, []
        await asyncio.to_thread(_remove, folders)

    def _begin(self) -> None:
        task = asyncio.create_task(self._start())
        self._starting.append(task)
        self._keep(task)
        task.add_done_callback(self._started)

    def _started(self, task: asyncio.Task[Child]) -> None:
        self._starting.remove(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            worn = next((child for child in self._idle if self._is_worn(child)), None)
            if worn is not None:
                self._idle.remove(worn)
                self._keep(asyncio.create_task(self._retire(worn)))
            self._idle.append(task.result())
        else:
            log.error("solver child does not start", extra={"last_words": str(error)})
            asyncio.get_running_loop().call_later(_RETRY_S, self.keep_warm)

    async def _take(self, fresh: bool) -> Child:
        """An idle child, or the next to be ready."""
        if fresh:
            return await self._start()
        while True:
            while self._idle:
                child = self._idle.popleft()
                if child.alive:
                    return child
                await self._retire(child)
            if not self._starting:
                self._begin()
            starting = self._starting[0]
            await asyncio.wait([starting])
            if not starting.cancelled() and (error := starting.exception()) is not None:
                raise error

    async def _start(self) -> Child:
        child = await Child.start(self._module, self.folder, self.settings.load_timeout_s)
        self._children.add(child)
        return child

    async def _retire(self, child: Child) -> None:
        await child.kill()
        self._children.discard(child)

    def _is_worn(self, child: Child) -> bool:
        growth = child.resident() - child.first_memory
        return child.jobs >= self.settings.recycle_after or growth > self.settings.recycle_growth_mb * MEGABYTE

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
