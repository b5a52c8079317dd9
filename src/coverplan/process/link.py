"""The service's end of one solver child."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from coverplan.process import channel
from coverplan.process.channel import Message

_LONGEST_LINE = 1 << 20
_KEPT_BYTES = 8192
_WAIT_S = 5.0
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The vectors of a quasi-Newton step are too short for threads of their own, which would only wait for each other."""


class Child:
    """A child process in a process group of its own, with a folder of its own for temporary files."""

    def __init__(self, process: asyncio.subprocess.Process, scratch: Path) -> None:
        self.process = process
        self.jobs = 0
        self.first_memory = 0
        self._watched: psutil.Process | None = None
        self._killed = False
        self._scratch = scratch
        self._said = b""
        self._hearing = asyncio.create_task(self._hear())

    @classmethod
    async def start(cls, module: str, folder: Path, timeout_s: float) -> Child:
        """Start a child and wait until it is ready.

        Raises:
            ChildLostError: it ended or did not get ready in time.
        """
        scratch = Path(tempfile.mkdtemp(prefix="child-", dir=folder))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "coverplan.process.child",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**_ONE_THREAD, **os.environ, "TMPDIR": str(scratch)},
            process_group=0,
            limit=_LONGEST_LINE,
        )
        child = cls(process, scratch)
        try:
            async with asyncio.timeout(timeout_s):
                message = await child.next()
            if message is None or message["event"] != channel.READY:
                raise ChildLostError(child.last_words)
        except BaseException as error:
            await child.kill()
            if isinstance(error, TimeoutError):
                raise ChildLostError(child.last_words) from None
            raise
        child.watch_memory()
        return child

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.returncode is None

    @property
    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        return self._said.decode("utf-8", "replace").strip()

    async def send(self, message: Message) -> None:
        """Hand over a job; a child that is gone shows in `next`."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.process.stdin.write(channel.encode(message))
            await self.process.stdin.drain()

    async def next(self) -> Message | None:
        """The next message; None when the child is gone or speaks nonsense."""
        assert self.process.stdout is not None
        try:
            line = await self.process.stdout.readline()
            message = json.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            return None
        return message if isinstance(message, dict) and "event" in message else None

    async def until_ended(self, listen: Callable[[Message], None]) -> Message | None:
        """Pass messages on until the job is done or failed, and return that last one; None: the child is gone."""
        while (message := await self.next()) is not None:
            if message["event"] in (channel.DONE, channel.ERROR):
                return message
            listen(message)
        return None

    def watch_memory(self) -> None:
        """Remember what the ready child uses."""
        with contextlib.suppress(psutil.Error):
            self._watched = psutil.Process(self.process.pid)
        self.first_memory = self.resident()

    def resident(self) -> int:
        """Resident bytes of the child alone."""
        return _resident(self._watched)

    def memory(self) -> int:
        """Resident bytes of the child and its own children; looks through all processes, so call it in a thread."""
        total = self.resident()
        if self._watched is not None:
            with contextlib.suppress(psutil.Error):
                total += sum(_resident(process) for process in self._watched.children(recursive=True))
        return total

    async def kill(self) -> None:
        """Kill the whole group, once, and wait until the child is gone."""
        if not self._killed:
            self._killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_S):
                await self.process.wait()
                await asyncio.shield(self._hearing)
        self._hearing.cancel()
        if self.process.stdin is not None:
            self.process.stdin.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    async def _hear(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(4096):
            self._said = (self._said + data)[-_KEPT_BYTES:]


def _resident(process: psutil.Process | None) -> int:
    """Resident bytes; 0 for a process that is gone."""
    try:
        return 0 if process is None else int(process.memory_info().rss)
    except psutil.Error:
        return 0


class ChildLostError(Exception):
    """A child ended by itself; the message is the end of what it wrote to standard error."""
