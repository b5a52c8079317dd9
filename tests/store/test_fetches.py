"""Whose turn it is to fetch the tables of a dataset; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from coverplan.store import datasets, fetches
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.schema import datasets as table


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """With one dataset whose tables are to be fetched, and one that takes tables."""
    opened = Database.open(database_url)
    migrate(opened)
    facts: dict[str, Any] = {"tenant": "t", "job_status": "open", "head": {}}
    sources = {"uris": {"accounts": "s3://bucket/a.csv"}, "stored_bytes": None}
    with opened.begin() as connection:
        datasets.add(connection, {"id": "ds-1", "sources": sources, "fetching": True, **facts})
        datasets.add(connection, {"id": "ds-2", "expires_at": 1.0, **facts})
    yield opened
    opened.close()


def test_one_worker_fetches_and_the_next_one_checks(database: Database) -> None:
    with database.begin() as connection:
        assert fetches.next_due(connection) == "ds-1"
        row = fetches.claim(connection, "ds-1", 60)
        assert row is not None
        assert fetches.claim(connection, "ds-1", 60) is None
        assert fetches.next_due(connection) is None
        assert datasets.next_due(connection) is None
        assert fetches.renew(connection, row, 60)
        made = {"accounts": {"format": "csv", "path": "p", "bytes": 7, "digest": "d"}}
        assert fetches.done(connection, row, made, "h")
        assert not fetches.renew(connection, row, 60)
        checked = datasets.claim(connection, "ds-1", 60)
    assert checked is not None
    assert (checked["attempt"], checked["bytes"], checked["content_hash"], checked["tables"]) == (1, 7, "h", made)


def test_a_worker_that_was_given_up_fetches_nothing(database: Database) -> None:
    """Its lease runs out; another one takes over, and what the first one brings no longer counts."""
    with database.begin() as connection:
        first = fetches.claim(connection, "ds-1", -1)
        second = fetches.claim(connection, "ds-1", 60)
        assert first is not None
        assert second is not None
        assert not fetches.done(connection, first, {}, "h")
        assert not fetches.fail(connection, first, {}, 1.0)
        assert not fetches.renew(connection, first, 60)
        fetches.let_go(connection, second)
        third = fetches.claim(connection, "ds-1", 60)
        assert third is not None
        assert third["attempt"] == second["attempt"]
        assert fetches.fail(connection, third, {"error": None}, 1.0)
        failed = datasets.get(connection, "t", "ds-1")
    assert failed is not None
    assert (failed["job_status"], failed["fetching"], failed["ended_at"]) == ("failed", None, 1.0)


def test_meanwhile_it_takes_no_tables_and_is_not_given_up(database: Database) -> None:
    """A version before would neither check it, nor delete it after a day."""
    with database.begin() as connection:
        kept, replaced = datasets.put_table(connection, "t", "ds-1", "accounts", {"bytes": 1}, 1.0)
        assert (kept, replaced) == (None, None)
        committed = datasets.commit(connection, "t", "ds-1", "h")
        assert committed is not None
        assert datasets.status_of(committed) == "queued"
        assert [row["id"] for row in datasets.page(connection, "t", 9, None, status="queued")] == ["ds-1"]
        assert [row["id"] for row in datasets.page(connection, "t", 9, None, status="open")] == ["ds-2"]
        assert datasets.expire(connection, 2.0, 9) == ["ds-2"]
        connection.execute(update(table).values(fetching=None))
        assert datasets.next_due(connection) is None
