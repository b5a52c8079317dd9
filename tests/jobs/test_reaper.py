"""Who is taken for dead, and what becomes of its jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from coverplan.jobs import queue
from coverplan.jobs.queue import BEGUN, Begun, Queue
from coverplan.jobs.reaper import Reaper
from coverplan.store.blobs import Blobs
from coverplan.store.clock import clock
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.schema import workers as table
from coverplan.store.store import Store
from coverplan.store.workers import Membership
from support.postgres import Postgres

NONE: frozenset[Begun] = frozenset()


class Scene:
    """A store, a queue with one job of `w1`, and a reaper that is `w2`."""

    def __init__(self, url: str, folder: str) -> None:
        self.database = Database.open(url)
        migrate(self.database)
        queue.prepare(url)
        self.queue = Queue(self.database)
        self.reaper = Reaper(Store(self.database, Blobs(f"file://{folder}")), "w2")
        self.member = Membership(self.database, "w1")
        self.add_job("job-1", "w1")

    def add_job(self, name: str, worker: str) -> None:
        """A job that a worker has begun; its jobs share a token, as they do that were begun together."""
        with self.database.begin() as connection:
            self.queue.put(connection, [name], queue.SMALL)
            self.queue.begun(connection, sa.false())  # names the schema
            mine = self.queue.jobs.c.workflow_uuid == name
            begun = {"status": BEGUN, "executor_id": worker, "owner_xid": f"token-of-{worker}"}
            connection.execute(sa.update(self.queue.jobs).where(mine).values(application_version="1", **begun))

    def looks(self, number: int, at_hand: frozenset[Begun] = NONE) -> bool:
        """Whether any job is queued again after so many looks."""

        async def look() -> None:
            for _ in range(number):
                await self.reaper.look(lambda: at_hand)

        asyncio.run(look())
        with self.database.read() as connection:
            self.queue.begun(connection, sa.false())
            statuses = connection.execute(sa.select(self.queue.jobs.c.status)).scalars().all()
        return "ENQUEUED" in statuses

    def lapse(self) -> None:
        """Let all leases run out."""
        with self.database.begin() as connection:
            connection.execute(sa.update(table).values(leased_until=clock() - 1.0))


@pytest.fixture
def scene(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """On PostgreSQL."""
    made = Scene(postgres.database(), str(tmp_path_factory.mktemp("blobs")))
    yield made
    made.member.release()
    made.database.close()


def test_a_lock_let_go_is_death_at_the_third_look(scene: Scene) -> None:
    """The job is queued again in the same transaction; the first two looks do nothing."""
    scene.member.enrol()
    assert not scene.looks(4)
    scene.member.release()

    assert not scene.looks(2)
    assert scene.looks(1)
    assert not scene.member.renew()


def test_a_lease_that_ran_out_is_death_though_the_lock_is_held(scene: Scene) -> None:
    """A machine that vanished, or a process that stands still."""
    scene.member.enrol()
    scene.lapse()

    assert not scene.looks(2)
    assert scene.looks(1)


def test_who_renews_lives_whatever_its_lock_says(scene: Scene) -> None:
    """Its session is lost again and again: it renews between the looks."""
    scene.member.enrol()
    for _ in range(6):
        scene.member.release()
        with scene.database.begin() as connection:
            connection.execute(sa.update(table).values(leased_until=table.c.leased_until + 1.0))
        assert not scene.looks(1)


def test_a_worker_without_leases_is_judged_by_its_lock(scene: Scene) -> None:
    """One of the version before."""
    scene.member.enrol()
    with scene.database.begin() as connection:
        connection.execute(sa.update(table).values(leased_until=None))
    assert not scene.looks(4)
    scene.member.release()
    assert scene.looks(3)


def test_jobs_of_nobody_are_queued_again_after_two_rare_looks(scene: Scene) -> None:
    """Struck by hand, and dead: on no list."""
    assert not scene.looks(9)  # the fifth look is the first that counts
    assert scene.looks(1)


def test_only_jobs_that_are_not_at_hand_are_queued_again(scene: Scene) -> None:
    """Of the reaper's own, begun together: one that it works on, and one whose begin it did not hear of."""
    scene.member.enrol()
    scene.add_job("job-2", "w2")
    mine = ("job-2", "token-of-w2")
    assert not scene.looks(10, frozenset({mine}))
    scene.add_job("job-3", "w2")
    assert not scene.looks(5, frozenset({mine}))
    assert scene.looks(5, frozenset({mine}))
    with scene.database.read() as connection:
        assert scene.queue.begun(connection, sa.true()) == {("job-1", "token-of-w1"), mine}


def test_a_job_that_was_begun_again_is_not_queued_again(scene: Scene) -> None:
    """Left at one look, and begun anew before the next: another token, for which the counting begins again."""
    scene.add_job("job-2", "w2")
    scene.looks(5)
    with scene.database.begin() as connection:
        scene.queue.begun(connection, sa.false())
        again = sa.update(scene.queue.jobs).values(owner_xid=scene.queue.jobs.c.owner_xid + "-again")
        connection.execute(again)
    assert not scene.looks(5)
    assert scene.looks(5)
