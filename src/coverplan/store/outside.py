"""Reading and writing outside: objects of stores and files that callers name, in folders that the operator allows.

Stores are asked with the credentials of the environment. Files are opened part by part from the allowed folder down,
and no part of the way may be a link: so nothing that is swapped meanwhile leads out of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import obstore
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import ObjectStore, from_url

from coverplan.locations import InvalidLocationError, Location, allowed, read_location

_PIECE = 8 << 20
"""Bytes that are asked for at a time: a store has half a minute for each piece, and not for the whole."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""A pipe must not keep anybody waiting."""


class OutsideError(Exception):
    """What is outside is not as it should be; `code` is stable, the message fit for the caller."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Admitted:
    """A place that a caller may name, and the allowed folder that it lies in."""

    location: Location
    folder: Location

    @property
    def steps(self) -> tuple[str, ...]:
        """The way from the folder to it."""
        return self.location.parts[len(self.folder.parts) :]


def admitted(uri: str, folders: Sequence[str], tenant: str) -> Admitted:
    """The place, if the operator allows it.

    Raises:
        OutsideError: it is none, or not allowed.
    """
    try:
        location = read_location(uri)
    except InvalidLocationError as error:
        raise OutsideError("invalid_uri", f"{uri[:100]!r} is no URI that is taken: {error}.") from None
    for folder in allowed(folders, tenant):
        if location.is_in(folder):
            return Admitted(location, folder)
    raise OutsideError("uri_not_allowed", f"{location.uri} is in no folder that the operator allows.")


async def read(place: Admitted, most: int) -> AsyncIterator[bytes]:
    """An object or a file of at most so many bytes, piece by piece, as it was when it was begun.

    Raises:
        OutsideError: it is not there, too large, changes meanwhile, or cannot be read.
    """
    pieces = _read_file(place, most) if place.location.scheme == "file" else _read_object(place.location, most)
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            yield piece


async def write(place: Admitted, file: Path) -> None:
    """Write a file there, whole or not at all; what was there is replaced.

    Raises:
        OutsideError: it cannot be written.
    """
    if place.location.scheme == "file":
        with _failures(place.location):
            await asyncio.to_thread(_write_file, place, file)
        return
    store = _store(place.location)
    with _failures(place.location):
        await obstore.put_async(store, place.location.path, file)


async def _read_object(location: Location, most: int) -> AsyncGenerator[bytes, None]:
    store = _store(location)
    with _failures(location):
        found = await obstore.head_async(store, location.path)
        _check_size(location, found["size"], most)
        for start in range(0, found["size"], _PIECE):
            end = min(start + _PIECE, found["size"])
            options: obstore.GetOptions = {"range": (start, end), "if_match": found["e_tag"]}
            piece = bytes(await (await obstore.get_async(store, location.path, options=options)).bytes_async())
            if len(piece) != end - start:
                raise _changed(location)
            yield piece


async def _read_file(place: Admitted, most: int) -> AsyncGenerator[bytes, None]:
    with _failures(place.location):
        file = await asyncio.to_thread(_opened, place)
        try:
            size = os.fstat(file).st_size
            _check_size(place.location, size, most)
            for start in range(0, size, _PIECE):
                piece = await asyncio.to_thread(os.pread, file, min(_PIECE, size - start), start)
                if len(piece) != min(_PIECE, size - start):
                    raise _changed(place.location)
                yield piece
        finally:
            os.close(file)


def _opened(place: Admitted) -> int:
    *folders, name = place.steps or ("",)
    with _inside(place, folders) as folder:
        file = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OutsideError("uri_not_found", f"{place.location.uri} is no file.")
    return file


def _write_file(place: Admitted, file: Path) -> None:
    *folders, name = place.steps
    part = f".{name}.part"
    with _inside(place, folders, make=True) as folder:
        with contextlib.suppress(FileNotFoundError):  # of a writer that was killed
            os.unlink(part, dir_fd=folder)
        with os.fdopen(os.open(part, _WRITE, 0o666, dir_fd=folder), "wb") as target, file.open("rb") as source:
            while piece := source.read(_PIECE):
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _inside(place: Admitted, folders: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """The last of these folders, one in the other from the allowed one down."""
    at = os.open(f"/{place.folder.path}", _FOLDER & ~os.O_NOFOLLOW)
    try:
        for name in folders:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=at)
            deeper = os.open(name, _FOLDER, dir_fd=at)
            os.close(at)
            at = deeper
        yield at
    finally:
        os.close(at)


def _store(location: Location) -> ObjectStore:
    with _failures(location):
        return _bucket(f"{location.scheme}://{location.bucket}")


@lru_cache(64)
def _bucket(url: str) -> ObjectStore:
    return from_url(url)


@contextmanager
def _failures(location: Location) -> Iterator[None]:
    """What stores and the system raise, as errors that callers may see: those of stores name hosts and keys."""
    uri = location.uri
    try:
        yield
    except OutsideError:
        raise
    except (NotFoundError, FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise OutsideError("uri_not_found", f"{uri} is not there.") from None
    except (PermissionDeniedError, UnauthenticatedError, PermissionError):
        raise OutsideError("uri_forbidden", f"The service may not get to {uri}.") from None
    except PreconditionError:
        raise _changed(location) from None
    except (BaseError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise OutsideError("uri_not_found", f"{uri} is a link.") from None
        raise OutsideError("uri_unreachable", f"{uri} cannot be got to: the log of the worker says why.") from error


def _check_size(location: Location, size: int, most: int) -> None:
    if size > most:
        raise OutsideError("uri_too_large", f"{location.uri} has {size:,} bytes; {most:,} are taken.")


def _changed(location: Location) -> OutsideError:
    return OutsideError("uri_changed", f"{location.uri} was changed while it was read.")
