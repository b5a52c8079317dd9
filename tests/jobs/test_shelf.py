"""Copies of blobs: each is fetched once, stays while it is read, and goes when others are more recent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unittest.mock import patch

import pytest

from coverplan.jobs import shelf as module
from coverplan.jobs.shelf import Shelf
from coverplan.store.blobs import Blobs, NoBlobError


class CountedBlobs(Blobs):
    """Remembers what was fetched."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}")
        self.fetched: list[str] = []

    async def get_file(self, path: str, file: Path) -> None:
        """Fetch, slowly enough for others to come."""
        self.fetched.append(path)
        await asyncio.sleep(0.01)
        await super().get_file(path, file)


def test_many_readers_fetch_once(tmp_path: Path) -> None:
    blobs = CountedBlobs(tmp_path / "blobs")
    shelf = Shelf(blobs, tmp_path / "shelf")

    async def read() -> bytes:
        async with shelf.holding("a") as (file,):
            return file.read_bytes()

    async def work() -> list[bytes]:
        await blobs.put("a", b"content")
        return [*await asyncio.gather(*(read() for _ in range(8))), await read()]

    assert asyncio.run(work()) == [b"content"] * 9
    assert blobs.fetched == ["a"]


def test_what_is_read_stays_and_the_oldest_other_goes(tmp_path: Path) -> None:
    """One idle copy is kept: of a, b and c, with a being read, b goes."""
    blobs = CountedBlobs(tmp_path / "blobs")
    shelf = Shelf(blobs, tmp_path / "shelf")

    async def work() -> list[bool]:
        for name in "abc":
            await blobs.put(name, name.encode())
        async with shelf.holding("a") as (held,):
            async with shelf.holding("b") as (first,):
                pass
            async with shelf.holding("c") as (second,):
                pass
            return [held.exists(), first.exists(), second.exists()]

    with patch.object(module, "KEPT", 1):
        assert asyncio.run(work()) == [True, False, True]


def test_what_is_gone_is_said_and_may_come_back(tmp_path: Path) -> None:
    blobs = CountedBlobs(tmp_path / "blobs")
    shelf = Shelf(blobs, tmp_path / "shelf")

    async def read() -> bytes:
        async with shelf.holding("a") as (file,):
            return file.read_bytes()

    async def work() -> bytes:
        with pytest.raises(NoBlobError):
            await read()
        await blobs.put("a", b"back")
        return await read()

    assert asyncio.run(work()) == b"back"
