"""State on disk is for its owner: it holds secrets of webhooks, and what callers plan."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_private(folder: Path) -> None:
    """Make a folder that nobody else may enter; take the right from others where it is ours and they have it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _close(folder)


def keep_file_private(file: Path) -> None:
    """The same for a file, which is made if it is not there."""
    if not file.exists():
        with contextlib.suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    _close(file)


def _close(path: Path) -> None:
    found = path.stat()
    if found.st_mode & _OTHERS and found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
