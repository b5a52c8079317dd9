"""Migrations against the schema, on a file and on a real server."""

from __future__ import annotations

import threading

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from coverplan.store.database import Database
from coverplan.store.migrate import is_current, migrate
from coverplan.store.schema import metadata


def test_migrations_lead_to_the_schema(database_url: str) -> None:
    """Nothing is left that Alembic would change."""
    database = Database.open(database_url)
    migrate(database)

    assert is_current(database)
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_processes_that_start_at_once_wait_for_each_other(database_url: str) -> None:
    """Eight at a time: one migrates, the others find it done."""
    databases = [Database.open(database_url) for _ in range(8)]
    threads = [threading.Thread(target=migrate, args=(database,)) for database in databases]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(is_current(database) for database in databases)
    for database in databases:
        database.close()
