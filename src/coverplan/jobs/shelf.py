"""Blobs that many runs read, copied to this machine once: problems of experiments, and plans to start from."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from coverplan.store.blobs import Blobs

KEPT = 128
"""Files that are kept although nobody reads them."""


@dataclass(eq=False)
class _Copy:
    file: Path
    readers: int = 0
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)
    there: bool = False


class Shelf:
    """A folder of copies; those that are read stay, the others go one by one, least recently read first."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder
        self._copies: OrderedDict[str, _Copy] = OrderedDict()

    @asynccontextmanager
    async def holding(self, *paths: str) -> AsyncIterator[list[Path]]:
        """The files of these blobs, which stay as long as the block lasts.

        Raises:
            NoBlobError: one of them is gone.
            BlobLostError: the store does not answer.
        """
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self._held(path)) for path in paths]

    @asynccontextmanager
    async def _held(self, path: str) -> AsyncIterator[Path]:
        if path not in self._copies:
            self._copies[path] = _Copy(self._folder / hashlib.sha256(path.encode()).hexdigest())
        copy = self._copies[path]
        self._copies.move_to_end(path)
        copy.readers += 1
        try:
            async with copy.fetching:
                if not copy.there:
                    self._folder.mkdir(exist_ok=True)
                    await self._blobs.get_file(path, copy.file)
                    copy.there = True
            yield copy.file
        finally:
            copy.readers -= 1
            self._tidy()

    def _tidy(self) -> None:
        idle = [path for path, copy in self._copies.items() if not copy.readers]
        for path in idle[: max(0, len(idle) - KEPT)]:
            self._copies.pop(path).file.unlink(missing_ok=True)
