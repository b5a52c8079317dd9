"""Policies by name: versions that are added and never changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, func, insert, select, text

from coverplan.store.lists import ALL, Which, chosen
from coverplan.store.schema import deleted_policies, policies
from coverplan.store.sizes import size_of


def save(
    connection: Connection, tenant: str, name: str, given: Mapping[str, Any], digest: str
) -> tuple[RowMapping, bool]:
    """A new version, or the latest one where it says the same; and whether it is new."""
    _lock(connection, tenant, name)
    known = document(connection, tenant, name)
    if known is not None and known["content_hash"] == digest:
        return known, False
    row = {"tenant": tenant, "name": name, "version": 1 + _last_version(connection, tenant, name)}
    row |= {"content_hash": digest, "bytes": size_of(name, given), "created_at": time.time()}
    added = insert(policies).values(**row, document=given).returning(policies)
    return connection.execute(added).mappings().one(), True


def remove(connection: Connection, tenant: str, name: str) -> bool:
    """Remove all versions, whose numbers are not given again; False where there is none."""
    _lock(connection, tenant, name)
    last = _last_version(connection, tenant, name)
    mine = policies.c.tenant == tenant, policies.c.name == name
    if not connection.execute(delete(policies).where(*mine)).rowcount:
        return False
    kept = {"tenant": tenant, "name": name, "version": last}
    connection.execute(delete(deleted_policies).where(*_deleted(tenant, name)))
    connection.execute(insert(deleted_policies).values(**kept))
    return True


def document(connection: Connection, tenant: str, name: str, version: int | None = None) -> RowMapping | None:
    """A version of a policy, by default the latest: `name`, `version`, `document`, `content_hash`, `created_at`."""
    wanted = select(policies).where(policies.c.tenant == tenant, policies.c.name == name)
    if version is not None:
        wanted = wanted.where(policies.c.version == version)
    return connection.execute(wanted.order_by(policies.c.version.desc()).limit(1)).mappings().one_or_none()


def latest(
    connection: Connection, tenant: str, limit: int, after: str | None, which: Which = ALL
) -> Sequence[RowMapping]:
    """The latest version of each policy, by name, those whose names come after `after`."""
    other = policies.alias()
    later = exists().where(
        other.c.tenant == tenant, other.c.name == policies.c.name, other.c.version > policies.c.version
    )
    wanted = select(policies).where(policies.c.tenant == tenant, ~later, chosen(connection, policies, which))
    if after is not None:
        wanted = wanted.where(policies.c.name > after)
    return connection.execute(wanted.order_by(policies.c.name).limit(limit)).mappings().all()


def versions(connection: Connection, tenant: str, name: str, limit: int, before: int | None) -> Sequence[RowMapping]:
    """Versions of a policy, newest first, older than `before`."""
    wanted = select(policies).where(policies.c.tenant == tenant, policies.c.name == name)
    if before is not None:
        wanted = wanted.where(policies.c.version < before)
    return connection.execute(wanted.order_by(policies.c.version.desc()).limit(limit)).mappings().all()


def _last_version(connection: Connection, tenant: str, name: str) -> int:
    """The highest number that was ever given, 0: none."""
    known = select(func.max(policies.c.version)).where(policies.c.tenant == tenant, policies.c.name == name)
    deleted = select(deleted_policies.c.version).where(*_deleted(tenant, name))
    return max(connection.execute(known).scalar() or 0, connection.execute(deleted).scalar() or 0)


def _deleted(tenant: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return deleted_policies.c.tenant == tenant, deleted_policies.c.name == name


def _lock(connection: Connection, tenant: str, name: str) -> None:
    """Have who changes the versions of a name wait for each other."""
    if connection.dialect.name == "postgresql":  # on a file a writer is alone anyway
        key = {"key": f"policy {tenant} {name}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
