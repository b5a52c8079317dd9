"""Work folders: each has one owner, whose lock on it ends with its process, and is removed once that is dead."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PREFIX = "coverplan-"
_OWNER = "owner"


class Scratch:
    """A work folder of this process, below `parent` or where the system keeps temporary files."""

    def __init__(self, parent: Path | None) -> None:
        if parent is not None:
            parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=parent))
        self._owner: IO[str] = (made / _OWNER).open("w")
        fcntl.flock(self._owner, fcntl.LOCK_EX)
        # It gets its name once it is locked: until then nobody takes it for one of the dead.
        self.path = made.rename(made.with_name(made.name[1:]))

    def remove(self) -> None:
        """Remove it with all that it holds."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._owner.close()


def remove_dead(parent: Path | None) -> list[Path]:
    """Remove the work folders of dead processes of this user; returns which. Folders without a lock are let be."""
    return [owner.parent for owner in sorted(_owners_in(parent)) if _remove_if_dead(owner)]


def _owners_in(parent: Path | None) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*/{_OWNER}")


def _remove_if_dead(owner: Path) -> bool:
    """The lock goes last: what cannot be removed now is tried again."""
    try:
        with owner.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for entry in owner.parent.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                elif entry != owner:
                    entry.unlink()
            if list(owner.parent.iterdir()) == [owner]:
                shutil.rmtree(owner.parent)
                return True
    except OSError:  # it is locked, another user's, or gone meanwhile
        pass
    return False
