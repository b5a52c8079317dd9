"""What lists have in common: which items they have, newest first, and from which on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_
from sqlalchemy.sql.elements import KeyedColumnElement

from coverplan.store.ids import earliest_id

_APART_S = 3600.0
"""How far an item's time may be from that in its id, at most: bodies take a while, and clocks are set."""
_ROUNDED_S = 0.5e-6
"""Times are shown in microseconds: from the time that an item shows, the item is in the list."""
_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True)
class Which:
    """Which items a list has; None: any."""

    name: str | None = None
    name_prefix: str | None = None
    created_from: float | None = None
    created_to: float | None = None


ALL = Which()


def newest(query: Select[Any], table: FromClause, limit: int, before: str | None) -> Select[Any]:
    """Newest first, those that are older than the one with the id `before`."""
    if before is not None:
        query = query.where(table.c.id < before)
    return query.order_by(table.c.id.desc()).limit(limit)


def chosen(
    connection: Connection, table: FromClause, which: Which, id_prefix: str | None = None
) -> ColumnElement[bool]:
    """Whether a list has an item; `id_prefix` is that of its ids, which tell how old it is: so an index leads there."""
    conditions: list[ColumnElement[bool]] = []
    if which.name is not None:
        conditions.append(table.c.name == which.name)
    if which.name_prefix:
        conditions.append(begins(connection, table.c.name, which.name_prefix))
    if which.created_from is not None:
        conditions.append(table.c.created_at >= which.created_from - _ROUNDED_S)
        if id_prefix is not None:
            conditions.append(table.c.id >= earliest_id(id_prefix, which.created_from - _APART_S))
    if which.created_to is not None:
        conditions.append(table.c.created_at < which.created_to - _ROUNDED_S)
        if id_prefix is not None:
            conditions.append(table.c.id < earliest_id(id_prefix, which.created_to + _APART_S))
    return and_(True, *conditions)


def begins(connection: Connection, column: KeyedColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """Whether a text begins with a prefix, compared exactly.

    As a range of code points, which an index serves; PostgreSQL compares otherwise unless told, and `LIKE` of SQLite
    does not tell capitals from small letters.
    """
    least, below = ("~>=~", "~<~") if connection.dialect.name == "postgresql" else (">=", "<")
    condition: ColumnElement[bool] = column.bool_op(least)(prefix)
    beyond = _beyond(prefix)
    return condition if beyond is None else and_(condition, column.bool_op(below)(beyond))


def _beyond(prefix: str) -> str | None:
    """The first text after all that begin with a prefix; None: there is none."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
