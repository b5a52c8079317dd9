"""Experiments: how far each is, and which worker adds cells to it; stage and worker fence one that was given up."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from coverplan.store import announcements, cells
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.runs import hide_all
from coverplan.store.schema import experiment_cells, experiments, runs, workers

RUNNING, COMPLETED, FAILED, CANCELLED = "running", "completed", "failed", "cancelled"
SOLVING, COMPARING, DONE = "solve", "compare", "done"
_OPEN = ("queued", "running")

Facts = Mapping[str, Any]


def add(connection: Connection, facts: Facts) -> RowMapping:
    """A new experiment, to which a worker adds its cells."""
    row = {"created_at": time.time(), "phase": SOLVING, **facts, "job_status": RUNNING}
    return connection.execute(insert(experiments).values(**row).returning(experiments)).mappings().one()


def get(connection: Connection, tenant: str, experiment_id: str) -> RowMapping | None:
    """An experiment of the tenant."""
    wanted = select(experiments).where(_of(tenant, experiment_id), experiments.c.deleted.is_(False))
    return connection.execute(wanted).mappings().one_or_none()


def page(
    connection: Connection, tenant: str, limit: int, before: str | None, which: Which = ALL, status: str | None = None
) -> Sequence[RowMapping]:
    """Experiments of the tenant, newest first, older than the one with the id `before`.

    `status` is as callers see it: an experiment is `queued` as long as no cell has begun.
    """
    wanted = select(experiments).where(experiments.c.tenant == tenant, experiments.c.deleted.is_(False))
    wanted = wanted.where(chosen(connection, experiments, which, "exp"))
    if status in _OPEN:
        begun = cells.any_begun(experiments.c.id)
        wanted = wanted.where(experiments.c.job_status == RUNNING, begun if status == RUNNING else not_(begun))
    elif status is not None:
        wanted = wanted.where(experiments.c.job_status == status)
    return connection.execute(newest(wanted, experiments, limit, before)).mappings().all()


def next_due(connection: Connection, but: Collection[str] = ()) -> str | None:
    """The oldest experiment that has cells to add, or all of whose cells have ended, and that no worker is at.

    Those of `but` are left out.
    """
    wanted = select(experiments.c.id).where(_due(), experiments.c.id.not_in(but)).order_by(experiments.c.id).limit(1)
    return connection.execute(wanted).scalar()


def claim(connection: Connection, experiment_id: str, worker: str) -> RowMapping | None:
    """Have a worker take an experiment further; None where there is nothing to do."""
    change = (
        update(experiments)
        .where(experiments.c.id == experiment_id, _due())
        .values(worker=worker, stage=experiments.c.stage + 1)
        .returning(experiments)
    )
    return connection.execute(change).mappings().one_or_none()


def leave(connection: Connection, row: RowMapping) -> None:
    """Let any worker take it further."""
    connection.execute(update(experiments).where(held(row)).values(worker=None))


def keep(connection: Connection, row: RowMapping, **facts: Any) -> bool:
    """Note something of an experiment, and hold it until the transaction ends; False where others have taken over."""
    return bool(connection.execute(update(experiments).where(held(row)).values(**facts)).rowcount)


def end(connection: Connection, row: RowMapping, facts: Facts) -> bool:
    """End an experiment; False where others have taken over."""
    return _end(connection, held(row), {"pending": False, **facts})


def stop(connection: Connection, tenant: str, experiment_id: str) -> bool:
    """Add no more cells, whatever a worker is at; False: one that has ended stays as it is."""
    running = and_(_of(tenant, experiment_id), experiments.c.job_status == RUNNING)
    return _end(connection, running, {"job_status": CANCELLED, "stage": experiments.c.stage + 1})


def resume(connection: Connection, tenant: str, experiment_id: str) -> None:
    """Go on with an experiment: cells whose run was cancelled or has failed get a new one."""
    stopping = and_(runs.c.job_status.in_(_OPEN), func.coalesce(runs.c.wish, "") == "cancel")
    over = or_(runs.c.job_status.in_((CANCELLED, FAILED)), stopping)
    lost = ~exists().where(runs.c.id == experiment_cells.c.run_id, runs.c.deleted.is_(False), not_(over))
    mine = exists().where(experiments.c.id == experiment_cells.c.experiment_id, _of(tenant, experiment_id))
    connection.execute(
        update(experiment_cells)
        .where(experiment_cells.c.experiment_id == experiment_id, mine, lost)
        .values(run_id=None)
    )
    reopen(connection, tenant, experiment_id, {})


def reopen(connection: Connection, tenant: str, experiment_id: str, facts: Facts) -> None:
    """Have a worker look again at what an experiment needs."""
    values = {"job_status": RUNNING, "phase": SOLVING, "pending": True, "worker": None, "error": None}
    values |= {"ended_at": None, "expires_at": None, "stage": experiments.c.stage + 1, **facts}
    connection.execute(update(experiments).where(_of(tenant, experiment_id)).values(**values))


def extend(connection: Connection, row: RowMapping, facts: Facts) -> bool:
    """Give an experiment a new version of its request; False if it has got another one meanwhile."""
    same = and_(_of(row["tenant"], row["id"]), experiments.c.version == row["version"])
    change = update(experiments).where(same).values(version=row["version"] + 1)
    if not connection.execute(change).rowcount:
        return False
    reopen(connection, row["tenant"], row["id"], facts)
    return True


def hide(connection: Connection, tenant: str, experiment_id: str) -> None:
    """Show an experiment and its runs to nobody any more."""
    connection.execute(update(experiments).where(_of(tenant, experiment_id)).values(deleted=True))
    hide_all(connection, tenant, experiment_id)


def expire(connection: Connection, limit: int) -> None:
    """Hide experiments whose time is over, with their runs."""
    over = and_(experiments.c.expires_at < time.time(), experiments.c.deleted.is_(False))
    wanted = select(experiments.c.tenant, experiments.c.id).where(over, experiments.c.job_status != RUNNING)
    for tenant, experiment_id in connection.execute(wanted.limit(limit)).all():
        hide(connection, tenant, experiment_id)


def gone(connection: Connection, limit: int) -> Sequence[str]:
    """Deleted experiments all of whose runs are erased."""
    none_left = ~exists().where(runs.c.experiment_id == experiments.c.id)
    wanted = select(experiments.c.id).where(experiments.c.deleted.is_(True), none_left).limit(limit)
    return connection.execute(wanted).scalars().all()


def erase(connection: Connection, experiment_id: str) -> None:
    """Remove an experiment with its cells."""
    connection.execute(delete(experiment_cells).where(experiment_cells.c.experiment_id == experiment_id))
    connection.execute(delete(experiments).where(experiments.c.id == experiment_id))


def held(row: RowMapping) -> ColumnElement[bool]:
    """Whether the worker that claimed this row still has it."""
    mine = and_(experiments.c.worker == row["worker"], experiments.c.stage == row["stage"])
    return and_(experiments.c.id == row["id"], mine, experiments.c.job_status == RUNNING)


def _end(connection: Connection, which: ColumnElement[bool], facts: Facts) -> bool:
    """End the experiment and have it told, in one transaction; False if there is none such."""
    now = time.time()
    over = {"ended_at": now, "expires_at": now + experiments.c.retention_s, "worker": None}
    change = update(experiments).where(which).values(**over, **facts).returning(experiments)
    ended = connection.execute(change).mappings().one_or_none()
    if ended is None:
        return False
    announcements.announce_experiment(connection, ended, cells.counts(connection, [ended["id"]])[ended["id"]])
    return True


def _due() -> ColumnElement[bool]:
    free = or_(experiments.c.worker.is_(None), experiments.c.worker.not_in(select(workers.c.id)))
    at_work = exists().where(runs.c.experiment_id == experiments.c.id, runs.c.job_status.in_(_OPEN))
    return and_(
        experiments.c.job_status == RUNNING,
        free,
        case((experiments.c.pending, True), else_=~at_work),
    )


def _of(tenant: str, experiment_id: str) -> ColumnElement[bool]:
    return and_(experiments.c.id == experiment_id, experiments.c.tenant == tenant)
