"""The queue: DBOS workflows in our own database, so that a run and its place in the queue are one transaction."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from dbos._context import assert_current_dbos_context
from sqlalchemy import ColumnElement, Connection, Table, select, tuple_, update

from coverplan.store.database import Database

APPLICATION = "coverplan"
VERSION = "1"
"""Of what a job says; a release that still understands the queued jobs keeps it, so that none is stranded."""
WORK_ON = "work_on_runs"
BEGUN = "PENDING"
"""What the queue calls a job that a worker has begun."""
Begun = tuple[str, str]
"""A job's name, and the token of its begin: who has another token has it no more. Jobs begun together share one."""
SMALL, LARGE, PACKED = "small", "large", "packed"
"""Runs that take a moment, the others, and packs of many tiny ones: none need wait for those of another kind."""
TOGETHER = "together"
"""How the names of jobs begin whose runs have nothing in common but the moment at which they were submitted."""
PACK = 64
"""Most runs in one job."""
PACKS = 2
"""Packs that one worker has at the same time, so that the next has begun when one runs out."""
SMALL_PAUSE_S, LARGE_PAUSE_S, PACKED_PAUSE_S = 0.15, 0.5, 0.5
"""Between two looks for a job; the default of a second would be most of what a small run takes."""
_LEAST_PRIORITY = 1000
_NEVER_S = 3600.0
"""Between two looks for notifications to send, of which our jobs have none; the default is a hundred times a second."""
_SCHEMA = "dbos"

for _name in ("dbos", "dbos.dbos_logger"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class Queue:
    """Where runs wait for a worker."""

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(
            system_database_engine=database.engine,
            dbos_system_schema=_SCHEMA,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,
        )

    def put(
        self,
        connection: Connection,
        run_ids: Sequence[str],
        queue: str,
        priority: int = 0,
        name: str | None = None,
    ) -> None:
        """Queue runs as one job, in the transaction that adds them; several runs need a name of their own."""
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORK_ON,
                "queue_name": queue,
                "workflow_id": name or run_ids[0],
                "app_version": VERSION,
                "priority": _LEAST_PRIORITY - priority,
            },
            list(run_ids),
        )

    def put_back(self, connection: Connection, which: ColumnElement[bool]) -> int:
        """Queue jobs again that were begun, be it that somebody is still at them: what those say no longer counts.

        As `DBOS._recover_pending_workflows`, but in the transaction that says why. Returns how many.
        """
        known = self._client._sys_db
        known._apply_caller_schema(connection)
        change = (
            update(self.jobs)
            .where(self.jobs.c.status == BEGUN, self.jobs.c.application_version == VERSION, which)
            .values(status="ENQUEUED", owner_xid=None, started_at_epoch_ms=None, updated_at=known._now_ms_sql())
        )
        return int(connection.execute(change).rowcount)

    def begun(self, connection: Connection, which: ColumnElement[bool]) -> set[Begun]:
        """Jobs that were begun and have not ended."""
        self._client._sys_db._apply_caller_schema(connection)
        found = select(self.jobs.c.workflow_uuid, self.jobs.c.owner_xid).where(self.jobs.c.status == BEGUN, which)
        return {(job, token) for job, token in connection.execute(found) if token is not None}

    def any_of(self, begun: Collection[Begun]) -> ColumnElement[bool]:
        """Whether a job is one of these, and nobody has begun it again since."""
        return tuple_(self.jobs.c.workflow_uuid, self.jobs.c.owner_xid).in_(begun)

    @property
    def jobs(self) -> Table:
        """The table of jobs: `owner_xid` is the token of who runs one now, `executor_id` the worker."""
        table: Table = self._client._sys_db.tables.workflow_status
        return table


def current_job() -> Begun:
    """The job whose function runs."""
    context = assert_current_dbos_context()
    assert context.owner_xid is not None
    return context.workflow_id, context.owner_xid


def prepare(url: str) -> None:
    """Create or upgrade the tables of the queue in the database with this URL."""
    DBOS.migrate(url, schema=_SCHEMA)


def configuration(url: str, worker: str) -> DBOSConfig:
    """How a worker takes part."""
    database = Database.open(url)
    return DBOSConfig(
        name=APPLICATION,
        system_database_url=url,
        dbos_system_schema=_SCHEMA,
        application_version=VERSION,
        executor_id=worker,
        serializer=DBOSPortableJSONSerializer(),
        log_level="ERROR",
        run_migrations=False,
        notification_coalesce_sec=_NEVER_S,
        **({} if database.is_sqlite else {"system_database_engine": database.engine}),
    )


async def listen(slots: int) -> None:
    """Offer this worker's slots; the last worker to start says for all of them how many each has."""
    queues = ((SMALL, 8 * slots, SMALL_PAUSE_S), (PACKED, PACKS, PACKED_PAUSE_S), (LARGE, slots, LARGE_PAUSE_S))
    for name, concurrency, pause in queues:
        await DBOS.register_queue_async(
            name, worker_concurrency=concurrency, polling_interval_sec=pause, on_conflict="always_update"
        )
