"""Bringing a database up to date, at start, by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from coverplan.store.database import Database

logging.getLogger("alembic").setLevel(logging.WARNING)

_LOCK = 0x636F766572
"""The advisory lock of migrations: "cover" in hexadecimal."""


def migrate(database: Database) -> None:
    """Create or upgrade the tables; processes that start at the same time wait for each other.

    Raises:
        DatabaseLostError: the database does not answer.
    """
    with _alone(database), database.begin() as connection:
        if _revision(connection) == _head():
            return
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(database: Database) -> bool:
    """Whether the tables are those of this version."""
    with database.read() as connection:
        return _revision(connection) == _head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextlib.contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Keep other processes out meanwhile."""
    if database.is_sqlite:
        file = Path(database.engine.url.database or "").with_suffix(".lock")
        with file.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with database.begin() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))  # it waits for the migration
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        yield
