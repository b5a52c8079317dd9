"""The database: SQLite in the data folder by default, PostgreSQL by URL, the same statements for both."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from coverplan.store.privacy import keep_file_private

_BUSY_S = 30.0
_POOL, _OVERFLOW = 8, 8
_CONNECT_S = 5
_TRUSTED_S = 1.0
"""How long an unused connection is taken to be alive."""
_SILENT_S = 10
"""How long a connection may be silent that should not be: then the other side has vanished, and is not waited for."""
_IDLE_S = 6
"""How long a session may keep its locks between two statements: a process that stands still is not waited for."""
_READS = "coverplan_reads"
_LEFT_AT = "coverplan_left_at"

Result = TypeVar("Result")


class DatabaseLostError(Exception):
    """The database does not answer, or its disk is full; what was asked may be asked again.

    `undone`: nothing of the transaction is there, for sure. It is not known where an answer was lost.
    """

    def __init__(self, reason: str, *, undone: bool = False) -> None:
        super().__init__(reason)
        self.undone = undone


class Database:
    """Connections to one database; every block of `begin` is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(_POOL + _OVERFLOW, "database")
        self._reading = engine.execution_options(**{_READS: True})

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect to `sqlite:///FILE` or `postgresql://...`; nothing is sent before the first transaction."""
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return cls(_sqlite(parsed.render_as_string(hide_password=False)))
        parsed = parsed.set(drivername="postgresql+psycopg")
        return cls(_postgresql(parsed))

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file on this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write, committed at the end of the block.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        with losses(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer.

        Raises:
            DatabaseLostError: the database does not answer.
        """
        with losses(), self._reading.begin() as connection:
            yield connection

    async def reading(self, look: Callable[[Connection], Result]) -> Result:
        """What `look` returns of a transaction that only reads, off the event loop; raises as `read` does."""

        def work() -> Result:
            with self.read() as connection:
                return look(connection)

        return await self.apart(work)

    async def writing(self, change: Callable[[Connection], Result]) -> Result:
        """What `change` returns of a transaction, off the event loop; raises as `begin` does."""

        def work() -> Result:
            with self.begin() as connection:
                return change(connection)

        return await self.apart(work)

    async def apart(self, work: Callable[[], Result]) -> Result:
        """The result of work with the database, in one of its own threads: no other work keeps them busy."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(work))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def losses() -> Iterator[None]:
    """What a driver raises of a database that does not answer, as `DatabaseLostError`."""
    try:
        yield
    except DBAPIError as error:
        if _is_lost(error):
            raise DatabaseLostError(str(error.orig), undone=not error.connection_invalidated) from error
        raise
    except PoolTimeoutError as error:
        raise DatabaseLostError(str(error), undone=True) from error


def _is_lost(error: DBAPIError) -> bool:
    """Connection refused, cut, shutting down; a file that stays locked; a disk that is full or fails."""
    return error.connection_invalidated or isinstance(error, OperationalError)


_PATIENCE: dict[str, Any] = {
    "connect_timeout": _CONNECT_S,
    "application_name": "coverplan",
    "keepalives_idle": _SILENT_S // 2,
    "keepalives_interval": 1,
    "keepalives_count": _SILENT_S // 2,
    "tcp_user_timeout": 1000 * _SILENT_S,
}
"""Of the client; the operating system's own patience is hours. What the URL says counts."""
_AGREED = [
    f"set_config('{name}', '{value}', false)"
    for name, value in {
        "tcp_keepalives_idle": _SILENT_S // 2,
        "tcp_keepalives_interval": 1,
        "tcp_keepalives_count": _SILENT_S // 2,
        "tcp_user_timeout": 1000 * _SILENT_S,
        "idle_in_transaction_session_timeout": 1000 * _IDLE_S,
    }.items()
]


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=_POOL,
        max_overflow=_OVERFLOW,
        pool_timeout=_CONNECT_S,
        connect_args={name: value for name, value in _PATIENCE.items() if name not in url.query},
    )

    @event.listens_for(engine, "connect")
    def agree(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        """Tell the server as well that neither waits for ever for the other."""
        connection.autocommit = True
        connection.cursor().execute(f"SELECT {', '.join(_AGREED)}")
        connection.autocommit = False

    @event.listens_for(engine, "checkin")
    def leave(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_LEFT_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        """See whether a connection still answers that has not been used for a while: every time would cost too much."""
        left_at = record.info.get(_LEFT_AT)
        if left_at is None or time.monotonic() - left_at < _TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None

    return engine


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(OSError):  # the first transaction says what is wrong
            keep_file_private(Path(path))
    engine = create_engine(url, connect_args={"timeout": _BUSY_S, "check_same_thread": False}, pool_timeout=_BUSY_S)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions begin where we say so: the driver's own way begins them too late to wait for a writer.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
