"""Datasets of the same content share their tables, and each is deleted by itself; on a file and on a real server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from coverplan.store import datasets
from coverplan.store.database import Database
from coverplan.store.migrate import migrate

TENANT, CONTENT = "acme", "c" * 64
CHECKED = {"job_status": datasets.COMPLETED, "valid": True, "report": {"total_errors": 0}, "problem_hash": "p"}


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database.open(database_url)
    migrate(database)
    with database.begin() as connection:
        yield connection
    database.close()


def begun(connection: Connection, own: str) -> str:
    datasets.add(connection, {"id": own, "tenant": TENANT, "job_status": datasets.OPEN, "head": {}})
    datasets.put_table(connection, TENANT, own, "reps", {"path": f"datasets/{own}/reps", "bytes": 7}, 0.0)
    return own


def status(connection: Connection, own: str) -> tuple[str, str | None, str]:
    row = datasets.get(connection, TENANT, own)
    assert row is not None
    return row["job_status"], row["content_of"], row["tables"]["reps"]["path"]


def checked(connection: Connection, own: str) -> None:
    datasets.commit(connection, TENANT, begun(connection, own), CONTENT)
    row = datasets.claim(connection, own, 60.0)
    assert row is not None
    assert datasets.end(connection, own, row["attempt"], CHECKED)


def test_one_that_waits_shares_once_another_has_been_checked(connection: Connection) -> None:
    """Committed while the first is at its check: it waits; its own check finds that it need not be made."""
    for own in ("a", "b"):
        datasets.commit(connection, TENANT, begun(connection, own), CONTENT)
    first, second = (datasets.claim(connection, own, 60.0) for own in ("a", "b"))
    assert first is not None
    assert second is not None
    assert not datasets.share(connection, second)
    assert datasets.end(connection, "a", first["attempt"], CHECKED)

    assert datasets.share(connection, second)
    assert status(connection, "b") == ("completed", "a", "datasets/a/reps")
    assert status(connection, "a") == ("completed", None, "datasets/a/reps")


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
def test_the_folder_goes_with_the_last_that_needs_it(connection: Connection, order: tuple[str, ...]) -> None:
    """Three of one content, whose tables lie with the first; c is committed once a, b or none of them is gone."""
    checked(connection, "a")
    datasets.commit(connection, TENANT, begun(connection, "b"), CONTENT)
    datasets.commit(connection, TENANT, begun(connection, "c"), CONTENT)
    assert [status(connection, own)[1] for own in "abc"] == [None, "a", "a"]

    unneeded = [datasets.remove(connection, TENANT, own) for own in order]

    assert unneeded[:2] == [{own} - {"a"} for own in order[:2]]
    assert unneeded[2] == {"a", order[2]}
    assert datasets.remove(connection, TENANT, "a") is None


def test_a_copy_is_shared_after_the_first_is_gone(connection: Connection) -> None:
    """The tables still lie in the folder of the first, and c, which shares those of b, names it."""
    checked(connection, "a")
    datasets.commit(connection, TENANT, begun(connection, "b"), CONTENT)
    assert datasets.remove(connection, TENANT, "a") == set()
    datasets.commit(connection, TENANT, begun(connection, "c"), CONTENT)

    assert status(connection, "c") == ("completed", "a", "datasets/a/reps")
    assert datasets.remove(connection, TENANT, "b") == {"b"}
    assert datasets.remove(connection, TENANT, "c") == {"a", "c"}


def test_other_tenants_share_nothing(connection: Connection) -> None:
    checked(connection, "a")
    datasets.add(connection, {"id": "x", "tenant": "other", "job_status": datasets.OPEN, "head": {}})

    row = datasets.commit(connection, "other", "x", CONTENT)

    assert row is not None
    assert (row["job_status"], row["content_of"]) == ("queued", None)
