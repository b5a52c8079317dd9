"""Which workers live: each holds a lock that the operating system or the database takes back when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import time
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from coverplan.store.database import Database
from coverplan.store.schema import workers


class Life(Protocol):
    """The lock of a living worker."""

    def renew(self) -> None:
        """Take the lock again if the database has forgotten it."""

    def release(self) -> None:
        """Give the lock back."""


def enrol(database: Database, worker: str) -> Life:
    """Register a worker, and hold its lock until the process ends.

    Raises:
        DatabaseLostError: the database does not answer.
    """
    key = secrets.randbits(62)
    life: Life = _FileLock(_lock_file(database, worker)) if database.is_sqlite else _SessionLock(database, key)
    row = {"id": worker, "lock_key": key, "host": socket.gethostname()[:200], "started_at": time.time()}
    with database.begin() as connection:
        connection.execute(insert(workers).values(**row))
    return life


def known(connection: Connection) -> dict[str, int]:
    """Registered workers and the keys of their locks."""
    rows = connection.execute(select(workers.c.id, workers.c.lock_key))
    return dict(rows.all())


def is_alive(database: Database, worker: str, key: int) -> bool:
    """Whether the worker still holds its lock."""
    if database.is_sqlite:
        return _is_locked(_lock_file(database, worker))
    with database.begin() as connection:
        free = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar()
    return not free


def alive(database: Database) -> int:
    """How many workers live."""
    with database.read() as connection:
        registered = known(connection)
    return sum(is_alive(database, worker, key) for worker, key in registered.items())


def forget(database: Database, worker: str) -> None:
    """Strike a worker from the list."""
    with database.begin() as connection:
        connection.execute(delete(workers).where(workers.c.id == worker))
    if database.is_sqlite:
        _lock_file(database, worker).unlink(missing_ok=True)


class _FileLock:
    """A locked file beside the database."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a")
        os.set_inheritable(self._file.fileno(), False)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def renew(self) -> None:
        """A file stays locked."""

    def release(self) -> None:
        """Close the file."""
        self._file.close()


class _SessionLock:
    """An advisory lock of a database session."""

    def __init__(self, database: Database, key: int) -> None:
        self._database = database
        self._key = key
        self._connection: Connection | None = None
        self.renew()

    def renew(self) -> None:
        """See whether the session lives; else lock again in a new one, once the database is back."""
        try:
            if self._connection is None:
                self._connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": self._key})
            else:
                self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()

    def release(self) -> None:
        """End the session."""
        if self._connection is not None:
            with contextlib.suppress(DBAPIError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


def _lock_file(database: Database, worker: str) -> Path:
    return Path(database.engine.url.database or "").parent / "workers" / worker


def _is_locked(path: Path) -> bool:
    try:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
