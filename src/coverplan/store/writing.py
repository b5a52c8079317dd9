"""Whether the database takes what is written, before somebody relies on it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from coverplan.room import lack
from coverplan.store.database import Database, DatabaseLostError

_LITTLE_MEMORY = text("SET LOCAL work_mem = '64kB'")
_SPILL = text("SELECT count(*) FROM (SELECT g FROM generate_series(1, 40000) AS g ORDER BY g DESC OFFSET 1) AS sorted")
"""Sorted on the server's disk, as there is no memory for it: a megabyte, which is gone at the end of the statement."""
_LIMITED = "53400"
"""The server allows no temporary files of that size: that says nothing of its disk."""
_NOTHING = text("UPDATE alembic_version SET version_num = version_num")


def check_room(database: Database) -> None:
    """See whether its disk has room, on a server by a temporary file; takes no lock, and blocks.

    Raises:
        DatabaseLostError: it has none, or the database does not answer.
    """
    if not database.is_sqlite:
        _spill(database)
        return
    short = lack(Path(database.engine.url.database or "").parent)
    if short is not None:
        raise DatabaseLostError(short, undone=True)


def check_writable(database: Database) -> None:
    """Write what changes nothing; raises as `check_room` does."""
    with contextlib.suppress(ProgrammingError), database.begin() as connection:  # tables are looked at elsewhere
        connection.execute(_NOTHING)


def _spill(database: Database) -> None:
    try:
        with database.read() as connection:
            connection.execute(_LITTLE_MEMORY)
            connection.execute(_SPILL)
    except DatabaseLostError as error:
        cause = error.__cause__
        if not isinstance(cause, DBAPIError) or getattr(cause.orig, "sqlstate", None) != _LIMITED:
            raise
