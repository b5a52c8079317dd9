"""Runs: what was asked, how far it is, how it ended. Every change of a running one names the attempt that makes it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from coverplan.store import announcements, batch_ends, events
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import run_tags, runs

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = "queued", "running", "completed", "failed", "cancelled"
OPEN = (QUEUED, RUNNING)
STATE = ("job_status", "solution_status", "objective_value", "dual_bound", "gap", "phase")
"""What an event says of a run."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class End:
    """How an attempt at a run ended: the columns that say so."""

    run_id: str
    attempt: int
    facts: Facts


@dataclass(frozen=True)
class Filter:
    """Which runs a list has; None: all."""

    which: Which = ALL
    status: str | None = None
    tag: str | None = None
    batch_id: str | None = None
    experiment_id: str | None = None


def add(connection: Connection, facts: Facts, tags: Collection[str] = ()) -> None:
    """A new run, queued."""
    add_all(connection, [facts], {facts["id"]: tags})


def add_all(connection: Connection, facts: Sequence[Facts], tags: Mapping[str, Collection[str]]) -> None:
    """Several new runs, queued; `tags` by their ids."""
    now = time.time()
    rows = [{"priority": 0, "created_at": now, **row, "job_status": QUEUED} for row in facts]
    connection.execute(insert(runs), rows)
    tagged = [{"run_id": run_id, "tag": tag} for run_id, names in tags.items() for tag in dict.fromkeys(names)]
    if tagged:
        connection.execute(insert(run_tags), tagged)
    events.add_firsts(connection, [row["id"] for row in rows], "queued", {"job_status": QUEUED})


def get(connection: Connection, tenant: str, run_id: str) -> RowMapping | None:
    """A run of the tenant."""
    wanted = select(runs).where(runs.c.id == run_id, runs.c.tenant == tenant, runs.c.deleted.is_(False))
    return connection.execute(wanted).mappings().one_or_none()


def tags_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[str]]:
    """The tags of these runs, sorted."""
    found: dict[str, list[str]] = {run_id: [] for run_id in run_ids}
    wanted = select(run_tags).where(run_tags.c.run_id.in_(run_ids)).order_by(run_tags.c.tag)
    for run_id, tag in connection.execute(wanted):
        found[run_id].append(tag)
    return found


def page(connection: Connection, tenant: str, wanted: Filter, limit: int, before: str | None) -> Sequence[RowMapping]:
    """Runs of the tenant, newest first, older than the one with the id `before`."""
    query = select(runs).where(runs.c.tenant == tenant, runs.c.deleted.is_(False))
    query = query.where(chosen(connection, runs, wanted.which, "run"))
    for column, value in ((runs.c.batch_id, wanted.batch_id), (runs.c.experiment_id, wanted.experiment_id)):
        if value is not None:
            query = query.where(column == value)
    if wanted.status is not None:
        # Written out, as an index of few of them serves: no database takes it for a value that it is yet to hear.
        query = query.where(runs.c.job_status == bindparam("status", wanted.status, literal_execute=True))
    if wanted.tag is not None:
        query = query.where(runs.c.id.in_(select(run_tags.c.run_id).where(run_tags.c.tag == wanted.tag)))
    return connection.execute(newest(query, runs, limit, before)).mappings().all()


def same_request(connection: Connection, tenant: str, request_hash: str) -> str | None:
    """The newest completed run of the same content that has a plan."""
    wanted = (
        select(runs.c.id)
        .where(
            runs.c.tenant == tenant,
            runs.c.request_hash == request_hash,
            runs.c.job_status == COMPLETED,
            runs.c.deleted.is_(False),
        )
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    return connection.execute(wanted).scalar()


def claim_all(connection: Connection, run_ids: Collection[str], worker: str) -> dict[str, RowMapping]:
    """Begin an attempt at each of these runs that is still open: the others are not in the answer."""
    if len(run_ids) > 1:
        _lock(connection, runs.c.id.in_(run_ids))
    found = connection.execute(_CLAIM, {"run_ids": sorted(run_ids), "by": worker, "now": time.time()})
    rows = {row["id"]: row for row in found.mappings()}
    started = [(run_id, {**state(row), "attempt": row["attempt"]}) for run_id, row in rows.items()]
    events.add_all(connection, "started", started)
    return rows


def suspects(connection: Connection, run_ids: Collection[str]) -> set[str]:
    """Which of these runs, none of which is being worked on, a worker was lost over, and not for the first time."""
    lost_again = and_(runs.c.id.in_(run_ids), runs.c.job_status == RUNNING, runs.c.losses > 0)
    return set(connection.execute(select(runs.c.id).where(lost_again)).scalars())


def record(connection: Connection, run_id: str, attempt: int, progress: Facts) -> bool:
    """Note how far an attempt is; False if it no longer counts."""
    changed = {name: progress[name] for name in ("objective_value", "dual_bound", "gap", "phase")}
    found = connection.execute(update(runs).where(_current(run_id, attempt)).values(**changed)).rowcount
    if found:
        events.add(connection, run_id, "progress", {"job_status": RUNNING, **progress})
    return bool(found)


def spend(connection: Connection, run_id: str, attempt: int, seconds: float) -> bool:
    """Note the solving time that a recovered run need not spend again."""
    change = update(runs).where(_current(run_id, attempt)).values(spent_s=seconds)
    return bool(connection.execute(change).rowcount)


def end_all(connection: Connection, ends: Sequence[End]) -> list[RowMapping | None]:
    """End running runs, each by the attempt that counts; None where that is another one."""
    rows: dict[str, RowMapping] = {}
    for end in sorted(ends, key=lambda end: end.run_id):
        facts = {**end.facts, "ended_at": time.time(), "wish": None}
        named = {f"new_{name}": value for name, value in facts.items()}
        known = {"run": end.run_id, "by": end.attempt, **named}
        row = connection.execute(_ending(tuple(facts)), known).mappings().one_or_none()
        if row is not None:
            rows[end.run_id] = row
    _announce_ends(connection, list(rows.values()))
    return [rows.get(end.run_id) for end in ends]


def hand_back(connection: Connection, run_id: str, attempt: int, spent_s: float) -> bool:
    """Give a run that was interrupted back to the queue; one that its caller wants no more ends here."""
    change = update(runs).where(_current(run_id, attempt)).values(job_status=QUEUED, worker=None, spent_s=spent_s)
    row = connection.execute(change.returning(runs.c.tenant, runs.c.wish)).one_or_none()
    if row is not None and row.wish == "cancel":
        cancel_queued(connection, row.tenant, run_id)
    return row is not None


def cancel(connection: Connection, tenant: str, run_id: str) -> bool:
    """Cancel a run that waits, or have its worker do so; False: one that has ended stays as it is.

    The wish comes first: it locks the run, which from then on is handed back or claimed with the wish, or not at all.
    """
    wished = wish(connection, tenant, run_id, "cancel")
    if wished:
        cancel_queued(connection, tenant, run_id)
    return wished


def cancel_queued(connection: Connection, tenant: str, run_id: str) -> None:
    """Cancel a run that is not being worked on."""
    _cancel_queued(connection, and_(runs.c.id == run_id, runs.c.tenant == tenant))


def cancel_some(connection: Connection, tenant: str, owner: str, limit: int) -> bool:
    """Cancel some runs of a batch or an experiment that have not started; whether there may be more."""
    queued = and_(_belongs_to(owner), runs.c.tenant == tenant, runs.c.job_status == QUEUED)
    some = connection.execute(select(runs.c.id).where(queued).order_by(runs.c.id).limit(limit)).scalars().all()
    mine = runs.c.id.in_(some)
    _lock(connection, mine)
    _cancel_queued(connection, mine)
    return bool(some)


def _cancel_queued(connection: Connection, which: ColumnElement[bool]) -> None:
    """The same for several, which are locked by now."""
    now = time.time()
    over = {"job_status": CANCELLED, "ended_at": now, "expires_at": now + runs.c.retention_s, "wish": None}
    change = update(runs).where(which, runs.c.job_status == QUEUED).values(**over).returning(runs)
    rows = connection.execute(change).mappings().all()
    _announce_ends(connection, sorted(rows, key=lambda row: str(row["id"])))


def wish_all(connection: Connection, tenant: str, owner: str, wanted: str) -> None:
    """The same wish for all runs of a batch or an experiment that have not ended: it stays with what is handed back."""
    open_ = and_(_belongs_to(owner), runs.c.tenant == tenant, runs.c.job_status.in_(OPEN))
    _lock(connection, open_)
    connection.execute(update(runs).where(open_).values(wish=wanted))


def wish(connection: Connection, tenant: str, run_id: str, wanted: str) -> bool:
    """Ask whoever works on a run, now or next, to finish or cancel it; a cancel is not taken back: then False."""
    change = update(runs).where(
        runs.c.id == run_id,
        runs.c.tenant == tenant,
        runs.c.job_status.in_(OPEN),
        func.coalesce(runs.c.wish, "").not_in(() if wanted == "cancel" else ("cancel",)),
    )
    return bool(connection.execute(change.values(wish=wanted)).rowcount)


def hide(connection: Connection, tenant: str, run_id: str) -> None:
    """Show a run to nobody any more."""
    mine = and_(runs.c.id == run_id, runs.c.tenant == tenant)
    connection.execute(update(runs).where(mine).values(deleted=True))


def hide_all(connection: Connection, tenant: str, owner: str) -> None:
    """The same for all runs of a batch or an experiment."""
    mine = and_(_belongs_to(owner), runs.c.tenant == tenant)
    _lock(connection, mine)
    connection.execute(update(runs).where(mine).values(deleted=True))


def wishes(connection: Connection, worker: str) -> dict[str, tuple[int, str | None]]:
    """Of each run that this worker is at: the attempt that counts, and what its caller asks for."""
    wanted = select(runs.c.id, runs.c.attempt, runs.c.wish).where(runs.c.worker == worker, runs.c.job_status == RUNNING)
    return {run_id: (attempt, asked) for run_id, attempt, asked in connection.execute(wanted)}


def to_erase(connection: Connection, now: float, limit: int) -> Sequence[str]:
    """Ended runs that were deleted, or whose time is over; those of an experiment live as long as it does."""
    over = or_(runs.c.deleted.is_(True), and_(runs.c.expires_at < now, runs.c.experiment_id.is_(None)))
    wanted = select(runs.c.id).where(runs.c.job_status.not_in(OPEN), over).limit(limit)
    return connection.execute(wanted).scalars().all()


def erase(connection: Connection, run_ids: Sequence[str]) -> None:
    """Remove runs with their tags and events."""
    events.remove(connection, run_ids)
    connection.execute(delete(run_tags).where(run_tags.c.run_id.in_(run_ids)))
    connection.execute(delete(runs).where(runs.c.id.in_(run_ids)))


def state(row: RowMapping) -> dict[str, Any]:
    """What an event says of a run."""
    return {name: row[name] for name in STATE}


def _announce_ends(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """Tell whoever listens that runs have ended, in the transaction that ends them, and their batches with them."""
    events.add_all(connection, "ended", [(row["id"], state(row)) for row in rows])
    announcements.announce_runs(connection, rows)
    batch_ends.end_some(connection, (row["batch_id"] for row in rows))


def _lock(connection: Connection, wanted: ColumnElement[bool]) -> None:
    """Lock several runs in the order of their ids, as everybody does: so that no two wait for each other."""
    connection.execute(select(runs.c.id).where(wanted).order_by(runs.c.id).with_for_update()).all()


def _belongs_to(owner: str) -> ColumnElement[bool]:
    """Ids say of what they are."""
    return or_(runs.c.batch_id == owner, runs.c.experiment_id == owner)


def _current(run_id: str | BindParameter[str], attempt: int | BindParameter[int]) -> ColumnElement[bool]:
    return and_(runs.c.id == run_id, runs.c.attempt == attempt, runs.c.job_status == RUNNING)


# What every run needs is built once: building a statement takes longer than running it.
_CLAIM = (
    update(runs)
    .where(runs.c.id.in_(bindparam("run_ids", expanding=True)), runs.c.job_status.in_(OPEN))
    .values(
        job_status=RUNNING,
        worker=bindparam("by"),
        attempt=runs.c.attempt + 1,
        # A worker that claims its own run again has lost an answer of the database, not its life.
        losses=runs.c.losses + case((and_(runs.c.job_status == RUNNING, runs.c.worker != bindparam("by")), 1), else_=0),
        started_at=func.coalesce(runs.c.started_at, bindparam("now")),
        phase="load",
    )
    .returning(runs)
)


@cache
def _ending(names: tuple[str, ...]) -> ReturningUpdate[Any]:
    """The statement that ends a run, setting these columns."""
    values = {name: bindparam(f"new_{name}", type_=runs.c[name].type) for name in names}
    return update(runs).where(_current(bindparam("run"), bindparam("by"))).values(values).returning(runs)
