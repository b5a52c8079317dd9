"""Migrations against the schema, on a file and on a real server."""

from __future__ import annotations

import hashlib
import itertools
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from coverplan.payload.keys import Scope
from coverplan.store import keys
from coverplan.store import migrate as migrations
from coverplan.store.database import Database
from coverplan.store.keys import Allowance
from coverplan.store.migrate import SchemaError, head, is_current, migrate, migrate_back, revisions, tables
from coverplan.store.schema import keys as api_keys
from coverplan.store.schema import metadata, run_tags, runs


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


PUBLISHED = {
    "0001": "952a064645068f18f0e4db068f03d4d8793e91bbabb90bee327b844573405fbf",
    "0002": "fc60da507adbef2099869d9e1ccff21bc1b22991665aa845de6c830cc3b3f1a2",
    "0003": "eff17dff7f0c3dc5fd5a8e0cc0b045efcd413600bbb0c441904b02ea26811276",
}
"""SHA-256 of each migration's file: a database may have run it, so it is never edited; another is added instead."""
VERSIONS = Path(migrations.__file__).parent / "migrations" / "versions"


def test_migrations_are_added_and_never_edited() -> None:
    """A change of a published one would leave databases that say its revision and lack its columns."""
    found = {file.name[:4]: hashlib.sha256(file.read_bytes()).hexdigest() for file in VERSIONS.glob("*.py")}

    assert tuple(sorted(found)) == revisions()
    assert found == PUBLISHED


def test_migrations_only_add_what_may_be_null(tmp_path: Path) -> None:
    """So a version goes on beside the next: its columns stay, and new ones in its tables need no value."""
    seen: list[dict[str, dict[str, bool]]] = []
    for number, revision in enumerate(revisions()):
        database = Database.open(f"sqlite:///{tmp_path / f'{number}.db'}")
        migrate(database)
        if revision != revisions()[-1]:
            migrate_back(database, revision)
        assert tables(database).revision == revision
        with database.read() as connection:
            looked = sa.inspect(connection)
            names = looked.get_table_names()
            seen.append({name: {one["name"]: one["nullable"] for one in looked.get_columns(name)} for name in names})
        database.close()
    for before, after in itertools.pairwise(seen):
        for name, columns in before.items():
            assert columns.items() <= after[name].items()
            assert all(after[name][added] for added in after[name].keys() - columns.keys())


@pytest.mark.parametrize("revision", ["0001", head()])
def test_tables_of_no_version_are_refused_with_words(database_url: str, revision: str) -> None:
    """As 0001 was before it was edited: the revision says all is well, a column says otherwise; nothing is changed."""
    database = Database.open(database_url)
    migrate(database)
    if revision != head():
        migrate_back(database, revision)
    with database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE webhook_deliveries DROP COLUMN experiment_id"))

    with pytest.raises(SchemaError, match=r"webhook_deliveries\.experiment_id is missing.*keep a copy"):
        migrate(database)

    assert tables(database).revision == revision
    assert not is_current(database)
    assert not tables(database).is_usable
    database.close()


@pytest.mark.parametrize("revision", ["9999", None])
def test_what_this_version_cannot_have_made_is_refused_with_words(database_url: str, revision: str | None) -> None:
    """A later version's tables; and tables that name no revision."""
    database = Database.open(database_url)
    migrate(database)
    change = "DELETE FROM alembic_version" if revision is None else "UPDATE alembic_version SET version_num = '9999'"
    with database.begin() as connection:
        connection.execute(sa.text(change))

    with pytest.raises(SchemaError, match="names no revision" if revision is None else "9999, of a later version"):
        migrate(database)
    with pytest.raises(SchemaError):
        migrate_back(database, "0001")
    assert tables(database).is_usable is (revision is not None)
    database.close()


def test_a_column_that_a_later_version_requires_is_a_fault(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(sa.text("DROP TABLE workers"))
        connection.execute(sa.text("CREATE TABLE workers (id VARCHAR(40) NOT NULL, more FLOAT NOT NULL)"))

    assert "column workers.more may not be null" in tables(database).faults
    assert not tables(database).is_usable
    database.close()


def test_a_table_that_sqlite_copies_and_drops_takes_no_other_rows_with_it(tmp_path: Path) -> None:
    """Tags name their run, and would be deleted with it: a migration that alters `runs` keeps them."""
    database = Database.open(f"sqlite:///{tmp_path / 'x.db'}")
    migrate(database)
    values = {
        column.name: column.type.python_type() for column in runs.columns if not column.nullable and not column.default
    }
    with database.begin() as connection:
        connection.execute(sa.insert(runs).values(**values | {"id": "r"}))
        connection.execute(sa.insert(run_tags).values(run_id="r", tag="north"))

    with migrations.changing(database) as connection:
        steps = Operations(MigrationContext.configure(connection))
        with steps.batch_alter_table("runs", recreate="always") as batch:
            batch.drop_column("phase")

    with database.begin() as connection:
        assert connection.execute(sa.select(run_tags.c.tag)).scalars().all() == ["north"]
        connection.execute(sa.delete(runs))  # and from then on they go with it again
        assert connection.execute(sa.select(run_tags.c.tag)).scalars().all() == []
    database.close()


def test_the_way_back_leaves_no_scope_that_the_version_before_does_not_know(database_url: str) -> None:
    """It would fail over such a key, also where it only lists it."""
    database = Database.open(database_url)
    migrate(database)
    with database.begin() as connection:
        for scopes in ((Scope.METRICS,), (Scope.READ, Scope.METRICS), (Scope.WRITE,)):
            keys.create(connection, "acme", None, scopes, Allowance())
    migrate_back(database, "0002")

    with database.read() as connection:
        left = connection.execute(sa.select(api_keys.c.scopes)).scalars().all()
    assert sorted(left) == [[], ["read"], ["write"]]
    database.close()
