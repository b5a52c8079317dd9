"""Looking after something that changes by itself, often enough and not too often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

WELL_S, ILL_S = 1.0, 0.25
"""How long a look counts that found all well, and one that did not: what has been mended is seen soon."""


class Watch:
    """What a look found: None, or what is wrong. Who asks at the same time waits for the same look."""

    def __init__(
        self, look: Callable[[], str | None], well_s: float = WELL_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`look` blocks, and is called in a thread."""
        self._look = look
        self._well_s = well_s
        self._clock = clock
        self._until = -1.0
        self._found: str | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_ill(self) -> bool:
        """Whether the last look found something."""
        return self._found is not None

    async def lack(self, *, now: bool = False) -> str | None:
        """What is wrong, or None; `now`: whatever was found a moment ago."""
        if now or self._clock() >= self._until:
            self._looking = self._looking or asyncio.create_task(self._look_again())
            await asyncio.shield(self._looking)
        return self._found

    async def _look_again(self) -> None:
        try:
            self._found = await asyncio.to_thread(self._look)
            self._until = self._clock() + (self._well_s if self._found is None else ILL_S)
        finally:
            self._looking = None
