"""Which workers live: each is on a list, holds a lock, and on PostgreSQL renews a lease every second.

The operating system or the database takes the lock back when a process dies, so that its death is seen at once. But a
database keeps the sessions of a machine that vanished, or of a process that stands still: there the lease runs out.
Nobody is struck from the list who has renewed since it was looked at; and who was struck can claim nothing, and reads
so in its own row, before it enrols anew. A file lock needs no lease: it is held on this machine, by a living process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from coverplan.store.clock import clock
from coverplan.store.database import Database, DatabaseLostError, losses
from coverplan.store.schema import workers

LEASE_S = 8.0
"""From the last renewal of a worker's lease to the moment from which it counts as dead, whatever its lock says."""


class UnlistedError(DatabaseLostError):
    """The worker was struck from the list, or its lease has run out: it claims nothing before it has renewed."""


@dataclass(frozen=True)
class Listed:
    """A worker of the list, as it was at one look."""

    id: str
    lock_key: int
    leased_until: float | None
    """By the database's clock; None where its lock alone counts."""
    lapsed: bool
    """Whether that moment has passed."""


class Membership:
    """A worker's place on the list: it may be lost, and taken anew."""

    def __init__(self, database: Database, worker: str) -> None:
        self.worker = worker
        self._database = database
        self._key = 0
        self._lock: _FileLock | _SessionLock | None = None

    def enrol(self) -> None:
        """Take the lock, then a place on the list, whatever there was before.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        self.release()
        key = secrets.randbits(62)
        is_file = self._database.is_sqlite
        self._lock = _FileLock(_lock_file(self._database, self.worker)) if is_file else _SessionLock(self._database)
        self._lock.take(key)
        row = {"id": self.worker, "lock_key": key, "host": socket.gethostname()[:200], "started_at": time.time()}
        with self._database.begin() as connection:
            connection.execute(delete(workers).where(workers.c.id == self.worker))
            connection.execute(insert(workers).values(**row, leased_until=None if is_file else clock() + LEASE_S))
        self._key = key

    def renew(self) -> bool:
        """Renew the lease; False where there is none any more: the worker was struck from the list.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        if isinstance(self._lock, _SessionLock):
            return self._lock.renew(self._key, _mine(self.worker, self._key))
        with self._database.read() as connection:
            return connection.execute(select(workers.c.id).where(_mine(self.worker, self._key))).first() is not None

    def hold(self, connection: Connection) -> None:
        """Keep the place on the list until the transaction ends: what it claims is claimed by a living worker.

        Raises:
            UnlistedError: there is none, or its lease has run out.
        """
        lapsed = func.coalesce(workers.c.leased_until < clock(), False)
        mine = select(lapsed).where(_mine(self.worker, self._key)).with_for_update(read=True, key_share=True)
        if connection.execute(mine).scalar() is not False:
            raise UnlistedError("this worker is not on the list of the living; it renews or enrols anew first")

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.release()
        self._lock = None


def listed(connection: Connection) -> list[Listed]:
    """The list."""
    lapsed = func.coalesce(workers.c.leased_until < clock(), False)
    rows = connection.execute(select(workers.c.id, workers.c.lock_key, workers.c.leased_until, lapsed))
    return [Listed(worker, key, until, bool(over)) for worker, key, until, over in rows]


def is_locked(database: Database, one: Listed) -> bool:
    """Whether a worker still holds its lock."""
    if database.is_sqlite:
        return _is_locked(_lock_file(database, one.id))
    with database.begin() as connection:
        free = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": one.lock_key}).scalar()
    return not free


def alive(database: Database) -> int:
    """How many workers live."""
    with database.read() as connection:
        found = listed(connection)
    return sum(not one.lapsed and is_locked(database, one) for one in found)


def strike(connection: Connection, one: Listed) -> bool:
    """Strike a worker from the list; False if it has renewed since it was looked at, or is claiming something now."""
    same = and_(_mine(one.id, one.lock_key), workers.c.leased_until.is_not_distinct_from(one.leased_until))
    idle = select(workers.c.id).where(same).with_for_update(skip_locked=True)
    return bool(connection.execute(delete(workers).where(workers.c.id.in_(idle))).rowcount)


def clear(database: Database, one: Listed) -> None:
    """Remove what the lock of a worker that was struck leaves."""
    if database.is_sqlite:
        _lock_file(database, one.id).unlink(missing_ok=True)


class _FileLock:
    """A locked file beside the database."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a")
        os.set_inheritable(self._file.fileno(), False)

    def take(self, _key: int) -> None:
        """Lock the file."""
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def release(self) -> None:
        """Close the file."""
        self._file.close()


class _SessionLock:
    """An advisory lock of a database session, in which the lease is renewed as well: one round trip asks for both."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._locked = False

    def take(self, key: int) -> None:
        """Have a session that holds the lock.

        It does not wait: a session of this worker that the network has cut off may hold it for a while yet.
        """
        if self._connection is not None and self._locked:
            return
        with self._session() as connection:
            self._locked = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())

    def renew(self, key: int, mine: ColumnElement[bool]) -> bool:
        """Renew the lease of this row of the list, and the lock where the session was lost; False without a row."""
        self.take(key)
        with self._session() as connection:
            change = update(workers).where(mine).values(leased_until=clock() + LEASE_S)
            return bool(connection.execute(change).rowcount)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Connection]:
        """The session; a statement that fails ends it."""
        with losses():
            try:
                if self._connection is None:
                    engine = self._database.engine
                    self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                yield self._connection
            except DBAPIError:
                self.release()
                raise

    def release(self) -> None:
        """End the session."""
        if self._connection is not None:
            with contextlib.suppress(DBAPIError):
                self._connection.invalidate()
                self._connection.close()
        self._connection, self._locked = None, False


def _mine(worker: str, key: int) -> ColumnElement[bool]:
    """A worker that enrols anew gets another key: so none takes the old place for the new one."""
    return and_(workers.c.id == worker, workers.c.lock_key == key)


def _lock_file(database: Database, worker: str) -> Path:
    return Path(database.engine.url.database or "").parent / "workers" / worker


def _is_locked(path: Path) -> bool:
    try:
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
