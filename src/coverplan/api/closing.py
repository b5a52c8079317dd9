"""A service that is asked to stop: what is under way is answered, and whoever listens is told to come back."""

from __future__ import annotations

import asyncio


class Closing:
    """Whether the service has been asked to stop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Whether it has."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Ask it to stop; from any thread, and from a signal's handler."""
        self._loop.call_soon_threadsafe(self._begun.set)

    async def wait(self) -> None:
        """Return once it has been asked."""
        await self._begun.wait()
