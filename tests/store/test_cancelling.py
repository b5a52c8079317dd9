"""A cancel that meets a hand-back or a claim: whichever comes first, the run ends as cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from coverplan.store import runs
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from support.postgres import Postgres

RUN: dict[str, Any] = {
    "id": "run-1",
    "tenant": "acme",
    "retention_s": 60.0,
    "request_path": "p",
    "request_hash": "h",
    "time_limit_s": 1.0,
    "batch_id": "batch-1",
}

Change = Callable[[Connection], object]


def _hand_back(connection: Connection) -> object:
    return runs.hand_back(connection, "run-1", 1, 0.5)


def _cancel(connection: Connection) -> object:
    runs.cancel(connection, "acme", "run-1")
    return None


def _wish_all(connection: Connection) -> object:
    runs.wish_all(connection, "acme", "batch-1", "cancel")
    return None


def _finish(connection: Connection) -> object:
    return runs.wish(connection, "acme", "run-1", "finish")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """One run that a worker has claimed."""
    opened = Database.open(postgres.database())
    migrate(opened)
    with opened.begin() as connection:
        runs.add(connection, RUN)
    with opened.begin() as connection:
        runs.claim_all(connection, ["run-1"], "w1")
    yield opened
    opened.close()


def _run(database: Database) -> tuple[str, str | None]:
    with database.read() as connection:
        row = runs.get(connection, "acme", "run-1")
    assert row is not None
    return row["job_status"], row["wish"]


def _one_in_the_other(database: Database, first: Change, second: Change) -> None:
    """The second is asked for while the transaction of the first is open, and commits after it."""

    def work() -> None:
        with database.begin() as connection:
            second(connection)

    thread = threading.Thread(target=work)
    with database.begin() as connection:
        first(connection)
        thread.start()
        time.sleep(0.3)
        assert thread.is_alive()
    thread.join()


@pytest.mark.parametrize(("first", "second"), [(_cancel, _hand_back), (_hand_back, _cancel), (_wish_all, _hand_back)])
def test_a_cancel_outlives_a_hand_back(database: Database, first: Change, second: Change) -> None:
    """Each waits for the other's transaction, and sees what it did."""
    _one_in_the_other(database, first, second)

    assert _run(database) == ("cancelled", None)


def test_a_cancel_of_all_catches_what_was_handed_back(database: Database) -> None:
    """The wish stays with a run that waits again, and whoever claims it reads it."""
    with database.begin() as connection:
        _hand_back(connection)
        _wish_all(connection)
    assert _run(database) == ("queued", "cancel")
    with database.begin() as connection:
        assert runs.cancel_some(connection, "acme", "batch-1", 10)
    assert _run(database) == ("cancelled", None)


def test_a_wish_to_finish_outlives_a_hand_back_but_no_cancel(database: Database) -> None:
    """The next attempt reads it."""
    _one_in_the_other(database, _hand_back, _finish)
    assert _run(database) == ("queued", "finish")
    with database.begin() as connection:
        assert runs.claim_all(connection, ["run-1"], "w2")["run-1"]["wish"] == "finish"
        runs.cancel(connection, "acme", "run-1")
        assert not _finish(connection)
    assert _run(database) == ("running", "cancel")


def test_a_claim_of_ones_own_run_is_no_loss(database: Database) -> None:
    """The worker did not hear that its claim was written down; another worker's claim counts one."""
    losses = []
    for worker in ("w1", "w2", "w2"):
        with database.begin() as connection:
            losses.append(runs.claim_all(connection, ["run-1"], worker)["run-1"]["losses"])
    assert losses == [0, 1, 1]
