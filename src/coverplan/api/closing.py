"""A service that is asked to stop: what is under way is answered, and whoever listens is told to come back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_FOR_BODIES = 0.5
"""Of the time to end, bodies that are on their way get this share: they are answered in the rest."""


class Closing:
    """Whether the service has been asked to stop."""

    def __init__(self, shutdown_s: float) -> None:
        """`shutdown_s`: what is under way has so long to end."""
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._share_s = _FOR_BODIES * shutdown_s
        self._until = math.inf
        self._waits: set[asyncio.Timeout] = set()

    @property
    def begun(self) -> bool:
        """Whether it has."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Ask it to stop; from any thread, and from a signal's handler."""
        self._loop.call_soon_threadsafe(self._begin)

    async def wait(self) -> None:
        """Return once it has been asked."""
        await self._begun.wait()

    @asynccontextmanager
    async def patience(self, seconds: float) -> AsyncIterator[None]:
        """Wait so long for what a caller sends, and less for it once the service has been asked to stop.

        Raises:
            TimeoutError: that has passed.
        """
        if self._loop.time() >= self._until:
            raise TimeoutError
        async with asyncio.timeout_at(min(self._loop.time() + seconds, self._until)) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def _begin(self) -> None:
        if self.begun:
            return
        self._begun.set()
        self._until = self._loop.time() + self._share_s
        for wait in self._waits:
            wait.reschedule(min(wait.when() or self._until, self._until))
