"""The audit log: who wrote or destroyed what. Lines are added in the transaction of what they tell, never changed.

They name things by their ids and hold nothing of what is in them. What workers remove when its time is over is in no
line, and a batch or an experiment is one line, however many runs it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, insert, select

from coverplan.payload.audit import Action
from coverplan.store.clock import clock
from coverplan.store.ids import new_id
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import audit

_AT_ONCE = 5000
_DAY_S = 86400.0


@dataclass(frozen=True)
class By:
    """Who does something, and by which call."""

    tenant: str
    key_id: str | None = None
    """None: the service runs open, or it is the command line."""
    request_id: str | None = None
    """None: it is the command line."""
    address: str | None = None


def add(connection: Connection, by: By, action: Action, resource: str) -> None:
    """A line; its time is the database's, at this moment of the transaction."""
    line = {"id": new_id("aud"), "tenant": by.tenant, "key_id": by.key_id, "action": action, "resource": resource}
    line |= {"request_id": by.request_id, "address": by.address}
    connection.execute(insert(audit).values(created_at=clock(), **line))


def page(
    connection: Connection,
    tenant: str | None,
    limit: int,
    before: str | None,
    which: Which = ALL,
    equal: Mapping[str, str | None] | None = None,
) -> Sequence[RowMapping]:
    """Lines of a tenant, or of all, newest first, older than the one with the id `before`; `equal` by column."""
    wanted = select(audit).where(chosen(connection, audit, which, "aud"))
    for name, value in {"tenant": tenant, **(equal or {})}.items():
        if value is not None:
            wanted = wanted.where(audit.c[name] == value)
    return connection.execute(newest(wanted, audit, limit, before)).mappings().all()


def prune(connection: Connection, days: float) -> int:
    """Remove some lines that are older than so many days; returns how many."""
    over = select(audit.c.id).where(audit.c.created_at < clock() - days * _DAY_S).limit(_AT_ONCE)
    return connection.execute(delete(audit).where(audit.c.id.in_(over))).rowcount
