"""The solver children of this process: started at the first call that needs one, ended with the process."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

import psutil

from coverplan.machine import processors
from coverplan.payload.errors import CoverplanError, FailedError, InvalidError
from coverplan.payload.issues import Issue, IssueReport
from coverplan.process import job as jobs
from coverplan.process.job import Job
from coverplan.process.pool import Listener, SolverPool
from coverplan.process.run import Run
from coverplan.settings import MEGABYTE, Settings

LOAD_TIMEOUT_S = 3600.0
MEMORY_SHARE = 0.8
"""Share of the machine's memory that a solve may use, unless COVERPLAN_MEMORY_LIMIT_MB says otherwise."""
CLOSE_S = 10.0
"""How long the end of the process waits for the end of its children; they do not outlive it in any case."""
_FOREVER_S = 1e9

logging.getLogger("coverplan").addHandler(logging.NullHandler())  # the caller hears by exceptions


def own_settings(slots: int, warm: int) -> Settings:
    """Settings of a pool that takes any size, for one user."""
    settings = Settings()
    update: dict[str, object] = {"slots": slots, "warm_children": warm, "load_timeout_s": LOAD_TIMEOUT_S}
    if "memory_limit_mb" not in settings.model_fields_set:
        update["memory_limit_mb"] = int(MEMORY_SHARE * psutil.virtual_memory().total / MEGABYTE)
    return settings.model_copy(update=update)


class Children:
    """A pool of solver children on a loop of its own, in a thread: callers may have a loop that runs already.

    One child is kept ready, as importing takes it longer than a small solve.
    """

    def __init__(self) -> None:
        settings = own_settings(processors(), 1).model_copy(update={"queue_wait_s": _FOREVER_S, "queue_length": 10**9})
        self._pool = SolverPool(settings)
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="coverplan", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._pool.__aenter__(), self._loop).result()
        atexit.register(self.close)

    def large(self, size: int) -> bool:
        """Whether a problem of so many accounts x reps gets a child of its own."""
        return size > self._pool.settings.small_account_reps

    def answer(self, job: Job, listen: Listener | None = None) -> bytes:
        """What a job comes to; Ctrl-C once: the best plan of a solve so far, twice: it is given up.

        Raises:
            InvalidError: there are errors in the request.
            FailedError: there is no answer.
        """
        call = _Call(self._pool, self._loop, job, listen)
        try:
            try:
                return call.wait()
            except KeyboardInterrupt:
                if not job.kind.startswith("solve"):
                    raise
                call.finish()
                return call.wait()
        except BaseException as error:
            call.cancel()
            if isinstance(error, jobs.ProcessError):
                raise _of_ours(error) from None
            raise

    def close(self) -> None:
        """End the children; in a fork of the process there are none."""
        if os.getpid() != self.pid or self._loop.is_closed():
            return
        ending = asyncio.run_coroutine_threadsafe(self._pool.__aexit__(None, None, None), self._loop)
        try:
            ending.result(CLOSE_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_S)
            self._loop.close()


class _Call:
    """One job, whose progress is heard in the thread of the caller."""

    def __init__(self, pool: SolverPool, loop: asyncio.AbstractEventLoop, job: Job, listen: Listener | None) -> None:
        self._pool, self._loop, self._listen = pool, loop, listen
        self._run: Run | None = None
        self._finishing = False
        self._news: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._future: Future[bytes] = asyncio.run_coroutine_threadsafe(self._answered(job), loop)
        self._future.add_done_callback(lambda _: self._news.put(None))

    def wait(self) -> bytes:
        """The result, once it is there."""
        while (news := self._news.get()) is not None:
            if self._listen is not None:
                self._listen(news)
        return self._future.result()

    def finish(self) -> None:
        """Stop a solve: its result is the best plan so far."""
        self._loop.call_soon_threadsafe(self._finish)

    def cancel(self) -> None:
        """Give the job up, unless it has ended."""
        self._future.cancel()

    async def _answered(self, job: Job) -> bytes:
        self._run = await self._pool.submit(job, self._news.put if self._listen is not None else None)
        if self._finishing:
            self._run.finish()
        return await self._run.result()

    def _finish(self) -> None:
        self._finishing = True
        if self._run is not None:
            self._run.finish()


_lock = Lock()
_children: Children | None = None


def children() -> Children:
    """Those of this process."""
    global _children  # noqa: PLW0603 - one per process
    with _lock:
        if _children is None or _children.pid != os.getpid():
            _children = Children()
        return _children


def _of_ours(error: jobs.ProcessError) -> CoverplanError:
    """An exception of the pool as one of the library."""
    if isinstance(error, jobs.InvalidError):
        issues = [Issue.model_validate(issue) for issue in error.errors]
        return InvalidError(IssueReport(errors=issues, total_errors=error.total, more=error.more))
    if isinstance(error, jobs.JobFailedError):
        return FailedError(str(error), error.code, error.last_words)
    return FailedError("This process is about to end.", "shutdown")
