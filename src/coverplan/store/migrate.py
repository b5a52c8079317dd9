"""Bringing a database up to date, at start, by one process at a time; and back, when asked to.

Migrations are added, never edited, and only add: tables, and columns that may be null. So processes of the version
before go on working beside those of this one. What a database says of its revision is compared with its columns.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from coverplan.store.database import Database, losses
from coverplan.store.schema import metadata

logging.getLogger("alembic").setLevel(logging.WARNING)

_LOCK = 0x636F766572
"""The advisory lock of migrations: "cover" in hexadecimal."""
_SHOWN = 5
_NO_WAY = (
    "Its tables are of no version that can be upgraded: keep a copy of it for the version that made it, and start "
    "this one with an empty database (another COVERPLAN_DATABASE_URL or COVERPLAN_DATA_DIR)."
)


class SchemaError(Exception):
    """The tables are not those of this version, and cannot be made so; says what to do."""


@dataclass(frozen=True)
class Tables:
    """What a database says of its revision, and what its columns say."""

    revision: str | None
    """None: it has no tables of ours yet, as far as it says."""
    known: bool
    """Whether this version knows the revision: one that it does not know is a later version's."""
    faults: tuple[str, ...]
    """What keeps this version from working with the tables."""

    @property
    def is_current(self) -> bool:
        """Whether the tables are those of this version."""
        return self.revision == head() and not self.faults

    @property
    def is_usable(self) -> bool:
        """Whether this version can go on with the tables, be they a later version's that only added to them."""
        return not self.faults and (self.revision == head() or not self.known)

    @property
    def is_newer(self) -> bool:
        """Whether a later version has upgraded them."""
        return not self.known


def migrate(database: Database) -> None:
    """Create or upgrade the tables; processes that start at the same time wait for each other.

    Raises:
        SchemaError: the tables are a later version's, or those of no version; nothing has been changed.
        DatabaseLostError: the database does not answer.
    """
    with _alone(database), changing(database) as connection:
        revision = _revision(connection)
        _refuse_unknown(revision)
        if revision != head():
            _change(connection, lambda config: command.upgrade(config, "head"), revision)
        faults = _faults(connection)
        if faults:
            raise SchemaError(f"{_said(revision)}, but {_listed(faults)}. {_NO_WAY}")


def migrate_back(database: Database, revision: str) -> None:
    """Bring the tables back to an earlier revision; no service or worker may use them meanwhile.

    Raises:
        SchemaError: no such revision, or the tables are a later version's; nothing has been changed.
        DatabaseLostError: the database does not answer.
    """
    if revision not in revisions():
        raise SchemaError(f"This version knows no revision {revision[:40]!r}, only {', '.join(revisions())}.")
    with _alone(database), changing(database) as connection:
        before = _revision(connection)
        _refuse_unknown(before)
        if before is None or revisions().index(revision) > revisions().index(before):
            raise SchemaError(f"{_said(before)}: there is no way back from it to {revision}.")
        _change(connection, lambda config: command.downgrade(config, revision), before)


def tables(database: Database) -> Tables:
    """What the database says of its tables, and what they are."""
    with database.read() as connection:
        revision = _revision(connection)
        return Tables(revision, revision is None or revision in revisions(), tuple(_faults(connection)))


def is_usable(database: Database) -> bool:
    """Whether this version can go on with the tables; columns are looked at only where the revision has changed."""
    with database.read() as connection:
        if _revision(connection) == head():
            return True
    return tables(database).is_usable


def is_current(database: Database) -> bool:
    """Whether the tables are those of this version."""
    return tables(database).is_current


def head() -> str:
    """The revision of this version's tables."""
    return revisions()[-1]


def revisions() -> tuple[str, ...]:
    """The revisions that this version knows, in order."""
    script = ScriptDirectory.from_config(_config())
    return tuple(reversed([one.revision for one in script.walk_revisions()]))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _change(connection: Connection, step: Callable[[Config], None], revision: str | None) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        step(config)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        reason = str(error.orig).strip().partition("\n")[0]
        raise SchemaError(f"{_said(revision)}, but a migration failed: {reason}. {_NO_WAY}") from error


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in revisions():
        raise SchemaError(
            f"{_said(revision)}, of a later version of Coverplan; this one ends at {head()}. Start that version, or "
            f"stop its services and workers and have it bring the tables back: coverplan migrate --to {head()}"
        )


def _said(revision: str | None) -> str:
    return "The database names no revision" if revision is None else f"The database is at revision {revision}"


def _listed(faults: Sequence[str]) -> str:
    more = len(faults) - _SHOWN
    return ", ".join(faults[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _faults(connection: Connection) -> list[str]:
    """What is missing, and columns that may not be null although this version leaves them out or null."""
    looked = inspect(connection)
    found = {name: columns for (_, name), columns in looked.get_multi_columns().items()}
    faults = [f"table {name} is missing" for name in metadata.tables if name not in found]
    for name, table in metadata.tables.items():
        if name not in found:
            continue
        real = {column["name"]: column for column in found[name]}
        faults += [f"column {name}.{column} is missing" for column in table.columns.keys() if column not in real]  # noqa: SIM118
        for key, column in real.items():
            ours = table.columns.get(key)
            required = not column["nullable"] and column["default"] is None
            if required and (ours is None or ours.nullable):
                faults.append(f"column {name}.{key} may not be null")
    return faults


@contextlib.contextmanager
def changing(database: Database) -> Iterator[Connection]:
    """A transaction that may change tables.

    SQLite changes some by copying and dropping them: rows of other tables that name theirs must not go with them.
    """
    with losses(), database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if database.is_sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys = OFF")  # which is heard outside of transactions only
        try:
            with connection.begin():
                yield connection
        finally:
            if database.is_sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys = ON")


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
