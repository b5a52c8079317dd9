"""The queue: DBOS workflows in our own database, so that a run and its place in the queue are one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Connection

from coverplan.store.database import Database

APPLICATION = "coverplan"
VERSION = "1"
"""Of what a job says; a release that still understands the queued jobs keeps it, so that none is stranded."""
WORK_ON = "work_on_runs"
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
