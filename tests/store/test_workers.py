"""The list of living workers: who is on it may claim; who was struck from it finds out, and enrols anew."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from coverplan.store.clock import clock
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.schema import workers as table
from coverplan.store.workers import LEASE_S, Listed, Membership, UnlistedError, alive, is_locked, listed, strike
from support.postgres import Postgres


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The tables."""
    opened = Database.open(database_url)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def leasing(postgres: Postgres) -> Iterator[Database]:
    """The tables where workers have leases."""
    opened = Database.open(postgres.database())
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def member(leasing: Database) -> Iterator[Membership]:
    """A worker that may be on that list."""
    made = Membership(leasing, "w1")
    yield made
    made.release()


def _only(database: Database) -> Listed:
    with database.read() as connection:
        (found,) = listed(connection)
    return found


def _may_claim(database: Database, member: Membership) -> bool:
    try:
        with database.begin() as connection:
            member.hold(connection)
    except UnlistedError:
        return False
    return True


def _struck(database: Database, one: Listed) -> bool:
    with database.begin() as connection:
        return strike(connection, one)


def test_who_was_struck_claims_nothing_until_it_enrols_anew(database: Database) -> None:
    """Before it enrols, while it is on the list, once it was struck by hand, and in its second place."""
    member = Membership(database, "w1")
    assert not _may_claim(database, member)
    member.enrol()
    first = _only(database)
    assert (member.renew(), _may_claim(database, member), is_locked(database, first)) == (True, True, True)

    with database.begin() as connection:
        connection.execute(sa.delete(table))
    assert (member.renew(), _may_claim(database, member), alive(database)) == (False, False, 0)

    member.enrol()
    assert (member.renew(), _may_claim(database, member), alive(database)) == (True, True, 1)
    assert _only(database).lock_key != first.lock_key
    assert not _struck(database, first)  # an old verdict does not hit the new place
    member.release()
    assert (is_locked(database, _only(database)), alive(database)) == (False, 0)


def test_a_worker_that_renews_is_not_struck(leasing: Database, member: Membership) -> None:
    """The verdict rests on what was seen: a renewal in between voids it."""
    member.enrol()
    seen = _only(leasing)
    assert member.renew()

    assert not _struck(leasing, seen)
    assert _struck(leasing, _only(leasing))
    assert not member.renew()


def test_a_worker_that_is_claiming_is_not_struck(leasing: Database, member: Membership) -> None:
    """Nor does the verdict wait for it; and its lease can be renewed meanwhile."""
    member.enrol()
    with leasing.begin() as connection:
        member.hold(connection)
        assert not _struck(leasing, _only(leasing))
        assert member.renew()
    assert _struck(leasing, _only(leasing))


def test_a_lease_that_has_run_out_claims_nothing_until_it_is_renewed(leasing: Database, member: Membership) -> None:
    """The lock may be held all the same."""
    member.enrol()
    with leasing.begin() as connection:
        connection.execute(sa.update(table).values(leased_until=clock() - 0.001))
    found = _only(leasing)
    assert (found.lapsed, is_locked(leasing, found), alive(leasing)) == (True, True, 0)
    assert not _may_claim(leasing, member)

    assert member.renew()
    assert (_only(leasing).lapsed, _may_claim(leasing, member), alive(leasing)) == (False, True, 1)


def test_leases_follow_the_clock_of_the_database(
    leasing: Database, member: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is a day fast has no longer lease than others."""
    day = 86400.0
    with leasing.read() as connection:
        now = connection.execute(sa.select(clock())).scalar_one()
    assert abs(now - time.time()) < day / 2
    fast = time.time
    monkeypatch.setattr(time, "time", lambda: fast() + day)
    member.enrol()
    until = _only(leasing).leased_until
    assert until is not None
    assert now + LEASE_S <= until < now + day / 2


def test_a_lost_session_is_replaced(leasing: Database, member: Membership) -> None:
    """The server ends it: the renewal that finds out fails, the next one holds lock and lease again."""
    member.enrol()
    with leasing.begin() as connection:
        holders = sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        assert connection.execute(holders).all()
    for _ in range(50):
        if not is_locked(leasing, _only(leasing)):
            break
        time.sleep(0.1)
    with pytest.raises(Exception, match=r"terminat|closed"):
        member.renew()
    assert member.renew()
    assert is_locked(leasing, _only(leasing))
