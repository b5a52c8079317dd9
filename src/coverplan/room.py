"""Room on disks: whether files can be written, which failures pass once they can, and writing that waits for it."""

from __future__ import annotations

import errno
import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

LEAST_FREE = 16 << 20
"""Bytes below which a disk is full: what a solve writes down before it begins, and its answer."""
LEAST_SHARE = 0.05
"""Of a small file system, the share below which it is full: it was made small on purpose."""
_WRITTEN = b"\0" * 4096
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_PASSING = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ESTALE, errno.ETIMEDOUT, errno.EREMOTEIO)
)
"""A disk or a quota is full, or the disk is away: once that has been seen to, the same works."""
_IN_WORDS = re.compile(r"\(os error (\d+)\)")
"""How libraries that were written in Rust tell it."""

Result = TypeVar("Result")
_told: ContextVar[Callable[[str], None] | None] = ContextVar("told", default=None)


def passes(error: BaseException) -> bool:
    """Whether what failed works as it is once a disk has room, or is there again."""
    if isinstance(error, OSError) and error.errno in _PASSING:
        return True
    if any(int(number) in _PASSING for number in _IN_WORDS.findall(str(error))):
        return True
    return error.__cause__ is not None and passes(error.__cause__)


def lack(folder: Path) -> str | None:
    """Why nothing can be written to a folder, or soon nothing more; None: it can. Writes and removes a small file."""
    try:
        disk = os.statvfs(folder)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(_WRITTEN)
    except OSError as error:
        return error.strerror or str(error)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if size and free < min(LEAST_FREE, LEAST_SHARE * size):
        return f"{free / 1e6:.1f} MB of {size / 1e6:,.0f} MB are free"
    return None


def pauses(longest_s: float = _LONGEST_PAUSE_S) -> Iterator[float]:
    """Growing pauses between attempts, a little random, so that those who wait do not all come at once."""
    pause = min(_FIRST_PAUSE_S, longest_s)
    while True:
        yield pause * random.uniform(0.75, 1.0)
        pause = min(2 * pause, longest_s)


@contextmanager
def patience(told: Callable[[str], None]) -> Iterator[None]:
    """Have `write` wait until there is room, in this block; `told` hears whenever it does, and why."""
    token = _told.set(told)
    try:
        yield
    finally:
        _told.reset(token)


def write(work: Callable[[], Result]) -> Result:
    """The result of work that writes a file: made again until there is room, where there is patience for it.

    Raises:
        OSError: there is no room, and no patience; likewise what libraries raise instead.
    """
    told = _told.get()
    for pause in pauses():
        try:
            return work()
        except Exception as error:
            if told is None or not passes(error):
                raise
            told(str(error))
        time.sleep(pause)
    raise AssertionError("pauses do not end")
