"""The worker beside the service: `coverplan serve` alone answers and solves."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from coverplan.settings import Settings

_AT_ONCE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_LIVED_S = 30.0
"""A worker that lived this long was well."""
_STOP_S = 5.0
"""What a worker gets beyond its own time for shutting down."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def worker_beside(settings: Settings) -> AsyncIterator[None]:
    """Keep one worker process alive; it ends with this process, whatever ends that."""
    companion = _Companion(settings)
    task = asyncio.create_task(companion.keep())
    try:
        yield
    finally:
        companion.closing = True
        await companion.stop()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Companion:
    def __init__(self, settings: Settings) -> None:
        self.closing = False
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Start the worker, and again whenever it ends."""
        pause = _AT_ONCE_S
        loop = asyncio.get_running_loop()
        while not self.closing:
            began = loop.time()
            command = (sys.executable, "-P", "-m", "coverplan", "worker", "--tethered")
            self._process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
            status = await self._process.wait()
            if self.closing:
                return
            log.error("the worker ended: it is started again", status=status, pause_s=pause)
            await asyncio.sleep(pause)
            pause = _AT_ONCE_S if loop.time() - began > _LIVED_S else min(2 * pause, _LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """Ask the worker to stop; it gives its runs back to the queue."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self._settings.shutdown_s + _STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
