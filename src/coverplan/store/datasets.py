"""Datasets: which tables they hold, how far their check is. Every change of a check names its attempt."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, exists, func, insert, not_, or_, select, update

from coverplan.store import announcements
from coverplan.store.clock import clock
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.provenance import Provenance
from coverplan.store.schema import datasets, runs
from coverplan.store.sizes import size_of

OPEN, QUEUED, RUNNING, COMPLETED, FAILED = "open", "queued", "running", "completed", "failed"
_AT_WORK = (QUEUED, RUNNING)
_LISTED = [column for column in datasets.c if column.name != "report"]
_OF_CHECK = ("job_status", "valid", "tables", "report", "total_errors", "problem_hash", "bytes")
"""What datasets of the same content have in common."""
FOLDER = func.coalesce(datasets.c.content_of, datasets.c.id)
"""The dataset in whose folder the tables lie."""

Facts = Mapping[str, Any]


def status_of(row: RowMapping) -> str:
    """How far a dataset is as callers see it: one whose tables are to be fetched takes none, but waits."""
    return QUEUED if row["fetching"] else str(row["job_status"])


def add(connection: Connection, facts: Facts) -> RowMapping:
    """A new dataset; `own_bytes` is the size of its patch."""
    row = {"tables": {}, "created_at": time.time(), **facts}
    row["own_bytes"] = facts.get("own_bytes", 0) + size_of(facts["head"], facts.get("sources"), facts.get("report"))
    return _told(connection, connection.execute(insert(datasets).values(**row).returning(datasets)).mappings().one())


def get(connection: Connection, tenant: str, dataset_id: str) -> RowMapping | None:
    """A dataset of the tenant; one that can be solved is `completed` and `valid`."""
    return connection.execute(select(datasets).where(_mine(tenant, dataset_id))).mappings().one_or_none()


def page(
    connection: Connection, tenant: str, limit: int, before: str | None, which: Which = ALL, status: str | None = None
) -> Sequence[RowMapping]:
    """Datasets of the tenant without their reports, newest first, older than `before`."""
    wanted = select(*_LISTED).where(datasets.c.tenant == tenant, chosen(connection, datasets, which, "ds"))
    if status is not None:
        wanted = wanted.where(_is_shown_as(status))
    return connection.execute(newest(wanted, datasets, limit, before)).mappings().all()


def put_table(
    connection: Connection, tenant: str, dataset_id: str, name: str, table: Facts, expires_at: float
) -> tuple[RowMapping | None, str | None]:
    """Set a table of an open dataset: the dataset, None where it is none, and the path of the table replaced."""
    row = _locked(connection, tenant, dataset_id)
    if row is None or status_of(row) != OPEN:
        return None, None
    tables = {**row["tables"], name: dict(table)}
    values = {"tables": tables, "bytes": sum(one["bytes"] for one in tables.values()), "expires_at": expires_at}
    change = update(datasets).where(_mine(tenant, dataset_id)).values(**values).returning(datasets)
    return connection.execute(change).mappings().one(), row["tables"].get(name, {}).get("path")


def commit(
    connection: Connection, tenant: str, dataset_id: str, content_hash: str, asked: Provenance | None = None
) -> RowMapping | None:
    """Queue the check of an open dataset, or have it share what a checked one of the same content has."""
    row = _locked(connection, tenant, dataset_id)
    if row is None or status_of(row) != OPEN:
        return row
    values = {"content_hash": content_hash, "expires_at": None, **queued_or_shared(connection, tenant, content_hash)}
    values["own_bytes"] = size_of(row["head"], row["sources"], values.get("report"))
    values |= {} if asked is None else asked.followed
    change = update(datasets).where(_mine(tenant, dataset_id)).values(**values).returning(datasets)
    return _told(connection, connection.execute(change).mappings().one())


def queued_or_shared(connection: Connection, tenant: str, content_hash: str) -> Facts:
    """How a dataset of this content goes on: as a checked one of the same content is, else it waits for its check."""
    shared = _shared(connection, tenant, content_hash)
    return {"job_status": QUEUED} if shared is None else {**shared, "ended_at": time.time()}


def share(connection: Connection, row: RowMapping) -> bool:
    """End a check that has begun where one of the same content has ended meanwhile; False where none has."""
    shared = _shared(connection, row["tenant"], row["content_hash"])
    return shared is not None and end(connection, row["id"], row["attempt"], shared)


def next_due(connection: Connection) -> str | None:
    """The oldest dataset whose check waits, or was left by a worker that is not heard of."""
    wanted = select(datasets.c.id).where(_due()).order_by(datasets.c.id).limit(1)
    return connection.execute(wanted).scalar()


def claim(connection: Connection, dataset_id: str, lease_s: float) -> RowMapping | None:
    """Begin a check, with a lease by the database's clock; None where there is nothing to do."""
    change = (
        update(datasets)
        .where(datasets.c.id == dataset_id, _due())
        .values(job_status=RUNNING, attempt=datasets.c.attempt + 1, leased_until=clock() + lease_s)
        .returning(datasets)
    )
    return connection.execute(change).mappings().one_or_none()


def renew(connection: Connection, dataset_id: str, attempt: int, lease_s: float) -> bool:
    """Say that the check goes on; False where it no longer counts."""
    change = update(datasets).where(_current(dataset_id, attempt)).values(leased_until=clock() + lease_s)
    return bool(connection.execute(change).rowcount)


def hand_back(connection: Connection, dataset_id: str, attempt: int, pause_s: float = 0.0) -> None:
    """Let another worker check it, after a pause; the attempt does not count."""
    values = {"job_status": QUEUED, "attempt": attempt - 1, "leased_until": clock() + pause_s}
    connection.execute(update(datasets).where(_current(dataset_id, attempt)).values(**values))


def end(connection: Connection, dataset_id: str, attempt: int, facts: Facts) -> bool:
    """End a check by the attempt that counts, and have it told; False if that is another one."""
    own_bytes = func.coalesce(datasets.c.own_bytes, 0) + size_of(facts.get("report"))
    values = {"ended_at": time.time(), "leased_until": None, "own_bytes": own_bytes, **facts}
    over = update(datasets).where(_current(dataset_id, attempt)).values(**values)
    row = connection.execute(over.returning(datasets)).mappings().one_or_none()
    if row is not None:
        announcements.announce_dataset(connection, row)
    return row is not None


def named_paths(connection: Connection) -> set[str]:
    """The blobs that datasets name, of all tenants."""
    named: set[str] = set()
    for tables, patch_path in connection.execute(select(datasets.c.tables, datasets.c.patch_path)):
        named.update(table["path"] for table in tables.values())
        named.update([patch_path] if patch_path is not None else [])
    return named


def is_needed(connection: Connection, tenant: str, dataset_id: str) -> bool:
    """Whether a run or a new version that has not ended needs it."""
    run = exists().where(
        runs.c.dataset_id == dataset_id,
        runs.c.tenant == tenant,
        runs.c.job_status.in_(_AT_WORK),
        runs.c.deleted.is_(False),
    )
    child = exists().where(
        datasets.c.parent_id == dataset_id, datasets.c.tenant == tenant, datasets.c.job_status.in_(_AT_WORK)
    )
    return bool(connection.execute(select(or_(run, child))).scalar())


def remove(connection: Connection, tenant: str, dataset_id: str) -> set[str] | None:
    """Forget a dataset; returns those whose folders nobody needs from now on, None where there is no such dataset."""
    gone = delete(datasets).where(_mine(tenant, dataset_id)).returning(datasets.c.content_of)
    row = connection.execute(gone).one_or_none()
    if row is None:
        return None
    folders = {dataset_id, row.content_of} - {None}
    with_own = and_(datasets.c.id.in_(folders), datasets.c.content_of.is_(None))
    needed = select(FOLDER).where(or_(with_own, datasets.c.content_of.in_(folders)))
    return folders - set(connection.execute(needed).scalars())


def expire(connection: Connection, now: float, limit: int) -> Sequence[str]:
    """Forget open datasets that were never committed, and say which."""
    over = select(datasets.c.id).where(datasets.c.job_status == OPEN, datasets.c.expires_at < now).limit(limit)
    gone = delete(datasets).where(datasets.c.id.in_(over), datasets.c.expires_at < now, datasets.c.job_status == OPEN)
    return connection.execute(gone.returning(datasets.c.id)).scalars().all()


def content_hash(head: Facts, tables: Mapping[str, Any]) -> str:
    """Hash of what a dataset holds, as it was sent."""
    return hash_of({"head": head, "tables": {name: [one["format"], one["digest"]] for name, one in tables.items()}})


def hash_of(facts: object) -> str:
    """Hash of anything that JSON has words for."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _is_shown_as(status: str) -> Any:
    fetching = datasets.c.fetching.is_(True)
    if status == QUEUED:
        return or_(datasets.c.job_status == QUEUED, fetching)
    shown = datasets.c.job_status == status
    return and_(shown, not_(func.coalesce(datasets.c.fetching, False))) if status == OPEN else shown


def _told(connection: Connection, row: RowMapping) -> RowMapping:
    """The dataset, after telling of it where it counts as checked at once."""
    if row["job_status"] == COMPLETED:
        announcements.announce_dataset(connection, row)
    return row


def _shared(connection: Connection, tenant: str, content_hash: str) -> Facts | None:
    """What a checked dataset of this content has for others, which none removes before this transaction ends."""
    same = and_(datasets.c.tenant == tenant, datasets.c.content_hash == content_hash)
    wanted = select(*(datasets.c[name] for name in _OF_CHECK), FOLDER.label("content_of"))
    wanted = wanted.where(same, datasets.c.job_status == COMPLETED).order_by(datasets.c.id).limit(1)
    row = connection.execute(wanted.with_for_update(read=True)).mappings().one_or_none()
    return None if row is None else {**row, "patch_path": None}


def _locked(connection: Connection, tenant: str, dataset_id: str) -> RowMapping | None:
    wanted = select(datasets).where(_mine(tenant, dataset_id)).with_for_update()
    return connection.execute(wanted).mappings().one_or_none()


def _mine(tenant: str, dataset_id: str) -> Any:
    return and_(datasets.c.id == dataset_id, datasets.c.tenant == tenant)


def _due() -> Any:
    free = or_(datasets.c.leased_until.is_(None), datasets.c.leased_until <= clock())
    return and_(datasets.c.job_status.in_(_AT_WORK), free)


def _current(dataset_id: str, attempt: int) -> Any:
    return and_(datasets.c.id == dataset_id, datasets.c.attempt == attempt, datasets.c.job_status == RUNNING)
