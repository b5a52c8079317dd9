"""Cells of experiments: each has one key and one run that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from coverplan.store.schema import experiment_cells as cells
from coverplan.store.schema import runs

COUNTED = ("queued", "running", "completed", "failed", "cancelled")
_OF_RUN = (
    "job_status",
    "solution_status",
    "objective_value",
    "dual_bound",
    "gap",
    "plan_path",
    "table_path",
    "error",
    "started_at",
    "ended_at",
)

Facts = Mapping[str, Any]


def add(connection: Connection, experiment_id: str, rows: Sequence[Facts]) -> None:
    """Cells that wait for a run; those that are there already get their new place."""
    if not rows:
        return
    dialect_insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    fresh = dialect_insert(cells).values([{"experiment_id": experiment_id, **row} for row in rows])
    moved = {"place": fresh.excluded.place, "problem": fresh.excluded.problem, "details": fresh.excluded.details}
    connection.execute(fresh.on_conflict_do_update(index_elements=["experiment_id", "key"], set_=moved))


def give_run(connection: Connection, experiment_id: str, key: str, run_id: str) -> bool:
    """Give a waiting cell its run; False if it has one."""
    mine = and_(cells.c.experiment_id == experiment_id, cells.c.key == key, cells.c.run_id.is_(None))
    return bool(connection.execute(update(cells).where(mine).values(run_id=run_id)).rowcount)


def every(connection: Connection, experiment_id: str) -> list[RowMapping]:
    """All cells in their order, with what became of their runs; `job_status` is None where there is none."""
    return list(connection.execute(_in_order(experiment_id)).mappings())


def page(connection: Connection, experiment_id: str, limit: int, start: int) -> list[RowMapping]:
    """Some of them."""
    return list(connection.execute(_in_order(experiment_id).limit(limit).offset(start)).mappings())


def counts(connection: Connection, experiment_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By experiment: how many cells are how far; one without a run is queued."""
    found = {experiment_id: dict.fromkeys(COUNTED, 0) for experiment_id in experiment_ids}
    # A run that its caller deleted is as good as cancelled.
    status = func.coalesce(runs.c.job_status, case((cells.c.run_id.is_(None), "queued"), else_="cancelled"))
    joined = cells.outerjoin(runs, _run_that_counts())
    wanted = select(cells.c.experiment_id, status, func.count()).select_from(joined)
    wanted = wanted.where(cells.c.experiment_id.in_(experiment_ids)).group_by(cells.c.experiment_id, status)
    for experiment_id, job_status, number in connection.execute(wanted):
        found[experiment_id][job_status] += number
    return found


def any_begun(experiment_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a cell of an experiment is no longer queued; a run that its caller deleted is as good as cancelled."""
    waits = exists().where(_run_that_counts(), runs.c.job_status == "queued").correlate(cells)
    return exists().where(cells.c.experiment_id == experiment_id, cells.c.run_id.is_not(None), ~waits)


def nearest(connection: Connection, run_id: str, limit: int) -> list[RowMapping]:
    """Ended runs with a plan, of cells of the same problem, nearest first."""
    mine = connection.execute(select(cells).where(cells.c.run_id == run_id)).mappings().one_or_none()
    if mine is None:
        return []
    same = and_(cells.c.experiment_id == mine["experiment_id"], cells.c.problem == mine["problem"])
    wanted = _with_plan().where(same).order_by(func.abs(cells.c.place - mine["place"]), cells.c.key).limit(limit)
    return list(connection.execute(wanted).mappings())


def at(connection: Connection, experiment_id: str, key: str) -> list[RowMapping]:
    """The ended run of one cell; none without a plan."""
    mine = and_(cells.c.experiment_id == experiment_id, cells.c.key == key)
    return list(connection.execute(_with_plan().where(mine)).mappings())


def _with_plan() -> Select[Any]:
    """Ended runs of cells that found a plan."""
    usable = and_(runs.c.objective_value.is_not(None), runs.c.plan_path.is_not(None))
    found = select(runs.c.id, runs.c.plan_path, runs.c.table_path).select_from(cells.join(runs, _run_that_counts()))
    return found.where(usable, runs.c.job_status == "completed")


def _in_order(experiment_id: str) -> Select[Any]:
    facts = [runs.c[name] for name in _OF_RUN]
    own = [cells.c[name] for name in ("key", "place", "problem", "details", "run_id")]
    wanted = select(*own, *facts).select_from(cells.outerjoin(runs, _run_that_counts()))
    wanted = wanted.where(cells.c.experiment_id == experiment_id)
    return wanted.order_by(cells.c.problem, cells.c.place, cells.c.key)


def _run_that_counts() -> ColumnElement[bool]:
    return and_(runs.c.id == cells.c.run_id, runs.c.deleted.is_(False))
