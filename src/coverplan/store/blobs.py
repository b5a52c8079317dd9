"""Blobs: requests, plans, checkpoints and tables, in a folder by default, in an object store by URL."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from coverplan.room import lack
from coverplan.store import paths
from coverplan.store.ids import new_id
from coverplan.store.privacy import keep_private

log = structlog.get_logger(__name__)

_CHUNK = 4 << 20
_LISTED = 1000
_STAGED = re.compile(r"#\d+$")
"""How a file ends that is being written; it gets its name once it is whole."""


class BlobLostError(Exception):
    """The blob store does not do what it is asked: full, unreachable or forbidden."""


class NoBlobError(Exception):
    """There is no blob of this path."""


class Blobs:
    """Bytes by path; a path is made of our own ids, never of a caller's words."""

    def __init__(self, url: str) -> None:
        """`url` is `file:///FOLDER`, `s3://BUCKET/PREFIX`, `gs://...` or `az://...`.

        Raises:
            BlobLostError: it is none that can be opened.
        """
        self.url = url
        self._folder: Path | None = None
        try:
            if url.startswith("file://"):
                self._folder = folder = Path(url.removeprefix("file://"))
                keep_private(folder)
                self._store: ObjectStore = LocalStore(folder)
            else:
                self._store = from_url(url)
        except (BaseError, OSError, ValueError) as error:
            raise BlobLostError(f"{url}: {error}") from error

    def probe(self) -> None:
        """Write a few bytes, read them and remove them, and see whether a folder has room for more; blocks.

        The calls are not the asynchronous ones: those abort an interpreter that ends a moment later.

        Raises:
            BlobLostError: the store does not give back what was written.
        """
        path, written = f"{paths.PROBES}/{new_id('probe')}", b"coverplan"
        try:
            obstore.put(self._store, path, written)
            found = bytes(obstore.get(self._store, path).bytes())
            obstore.delete(self._store, path)
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error
        if found != written:
            raise BlobLostError("it gives back other bytes than were written")
        short = None if self._folder is None else lack(self._folder)
        if short is not None:
            raise BlobLostError(short)

    @property
    def is_local(self) -> bool:
        """Whether they lie in a folder of this machine."""
        return self._folder is not None

    async def put(self, path: str, data: bytes) -> None:
        """Write a blob, whole or not at all.

        Raises:
            BlobLostError: the store does not take it.
        """
        try:
            await obstore.put_async(self._store, path, data)
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    async def put_stream(self, path: str, chunks: AsyncIterator[bytes]) -> None:
        """Write a blob as its pieces arrive; nothing is there if they break off, and their exception is raised.

        Raises:
            BlobLostError: the store does not take it.
        """
        broken: list[BaseException] = []

        async def watched() -> AsyncIterator[bytes]:
            try:
                async for chunk in chunks:
                    yield chunk
            except BaseException as error:
                broken.append(error)
                raise

        try:
            await obstore.put_async(self._store, path, watched())
        except (BaseError, OSError) as error:
            if broken:
                raise broken[0] from None
            raise BlobLostError(str(error)) from error

    async def get(self, path: str) -> bytes:
        """Read a blob.

        Raises:
            NoBlobError: there is none.
            BlobLostError: the store does not answer.
        """
        try:
            if isinstance(self._store, LocalStore):
                return await asyncio.to_thread(self._read, path)
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError):
            raise NoBlobError(path) from None
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    def _read(self, path: str) -> bytes:
        return bytes(obstore.get(self._store, path).bytes())

    async def chunks(self, path: str) -> AsyncIterator[bytes]:
        """Read a blob piece by piece; raises as `get` does."""
        try:
            found = await obstore.get_async(self._store, path)
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except (NotFoundError, FileNotFoundError):
            raise NoBlobError(path) from None
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    async def put_file(self, path: str, file: Path) -> None:
        """Write a blob from a file, in parts where it is large; raises as `put` does."""
        try:
            await obstore.put_async(self._store, path, file)
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    async def get_file(self, path: str, file: Path) -> None:
        """Copy a blob to a file; raises as `get` does."""
        try:
            with file.open("wb") as target:
                async for chunk in self.chunks(path):
                    await asyncio.to_thread(target.write, chunk)
        except OSError as error:
            raise BlobLostError(str(error)) from error

    async def names(self, prefix: str) -> list[str]:
        """Paths below a prefix."""
        try:
            batches = [batch async for batch in obstore.list(self._store, prefix)]
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error
        return [entry["path"] for batch in batches for entry in batch]

    async def older(self, prefix: str, before: float) -> AsyncIterator[list[str]]:
        """Paths below a prefix that were last written before a moment, some at a time; raises as `put` does."""
        try:
            async for batch in obstore.list(self._store, prefix, chunk_size=_LISTED):
                yield [entry["path"] for entry in batch if entry["last_modified"].timestamp() < before]
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    def drop_broken_off(self, before: float) -> int:
        """Remove what writes that broke off before a moment have left in a folder, and empty folders; blocks.

        Returns how many were left. An object store lists none, and ends them by a rule of its own.
        """
        if self._folder is None:
            return 0
        broken = 0
        for name, _, files in os.walk(self._folder, topdown=False):
            for file in files:
                broken += bool(_STAGED.search(file)) and _remove_old(Path(name, file), before)
            if Path(name) != self._folder and not os.listdir(name):
                _remove_old(Path(name), before)
        return broken

    async def drop(self, path: str) -> None:
        """Remove one blob; none there is fine."""
        try:
            await obstore.delete_async(self._store, path)
        except (NotFoundError, FileNotFoundError):
            pass
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error

    async def discard(self, prefix: str) -> None:
        """Remove the blobs below a prefix that no row names; what cannot be removed now is swept later."""
        try:
            await self.remove(prefix)
        except BlobLostError as error:
            log.warning("blobs are left for the sweep", prefix=prefix, reason=str(error))

    async def put_all(self, blobs: Mapping[str, bytes]) -> None:
        """Write several blobs, all or none.

        Raises:
            BlobLostError: the store does not take one of them.
        """
        written = await asyncio.gather(*(self.put(path, data) for path, data in blobs.items()), return_exceptions=True)
        failed = next((one for one in written if isinstance(one, BaseException)), None)
        if failed is not None:
            await self.drop_all(blobs)
            raise failed

    async def drop_all(self, paths: Iterable[str]) -> None:
        """Remove single blobs that no row names; what cannot be removed now is swept later."""
        try:
            for path in paths:
                await self.drop(path)
        except BlobLostError as error:
            log.warning("blobs are left for the sweep", reason=str(error))

    async def remove(self, prefix: str) -> None:
        """Remove the blobs below a prefix; none there is fine."""
        names = await self.names(prefix)
        try:
            if names:
                await obstore.delete_async(self._store, names)
        except (NotFoundError, FileNotFoundError):
            pass
        except (BaseError, OSError) as error:
            raise BlobLostError(str(error)) from error


def _remove_old(place: Path, before: float) -> bool:
    """Remove a file, or a folder that is empty, unless it was changed since a moment or is gone."""
    try:
        if place.stat().st_mtime >= before:
            return False
        if place.is_dir():
            place.rmdir()
        else:
            place.unlink()
    except OSError:
        return False
    return True
