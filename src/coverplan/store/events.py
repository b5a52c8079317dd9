"""Events of runs: numbered from 1 without a hole, so that a listener can go on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, literal, select

from coverplan.store.schema import events


def add(connection: Connection, run_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """The next event of a run, in the transaction that changes the run (whose row orders its writers)."""
    add_all(connection, kind, [(run_id, data)])


def add_all(connection: Connection, kind: str, told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """The next event of each of several runs."""
    now = time.time()
    rows = [{"of": run_id, "now": now, "what": kind, "said": dict(data)} for run_id, data in told]
    if rows:
        connection.execute(_ADD, rows)


def add_firsts(connection: Connection, run_ids: Sequence[str], kind: str, data: Mapping[str, Any]) -> None:
    """The first event of each of several new runs."""
    now = time.time()
    rows = [{"run_id": run_id, "seq": 1, "at": now, "kind": kind, "data": dict(data)} for run_id in run_ids]
    connection.execute(insert(events), rows)


def after(connection: Connection, run_id: str, seq: int, limit: int = 1000) -> Sequence[RowMapping]:
    """Events of a run later than number `seq`."""
    wanted = select(events).where(events.c.run_id == run_id, events.c.seq > seq).order_by(events.c.seq)
    return connection.execute(wanted.limit(limit)).mappings().all()


def latest(connection: Connection, run_id: str) -> RowMapping | None:
    """The last event of a run so far."""
    last = select(events).where(events.c.run_id == run_id).order_by(events.c.seq.desc()).limit(1)
    return connection.execute(last).mappings().one_or_none()


def remove(connection: Connection, run_ids: Sequence[str]) -> None:
    """Remove the events of runs."""
    connection.execute(delete(events).where(events.c.run_id.in_(run_ids)))


# Built once: building a statement takes longer than running it.
_ADD = insert(events).values(
    run_id=bindparam("of"),
    seq=select(func.coalesce(func.max(events.c.seq), literal(0)) + 1)
    .where(events.c.run_id == bindparam("of"))
    .scalar_subquery(),
    at=bindparam("now"),
    kind=bindparam("what"),
    data=bindparam("said", type_=events.c.data.type),
)
