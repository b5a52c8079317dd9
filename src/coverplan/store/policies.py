"""Policies by name: versions that are added and never changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, insert, select, text

from coverplan.store.lists import ALL, Which, chosen
from coverplan.store.schema import policies


def save(
    connection: Connection, tenant: str, name: str, given: Mapping[str, Any], digest: str
) -> tuple[RowMapping, bool]:
    """A new version, or the latest one where it says the same; and whether it is new."""
    if connection.dialect.name == "postgresql":  # on a file a writer is alone anyway
        key = {"key": f"policy {tenant} {name}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    known = document(connection, tenant, name)
    if known is not None and known["content_hash"] == digest:
        return known, False
    version = 1 if known is None else known["version"] + 1
    row = {"tenant": tenant, "name": name, "version": version, "content_hash": digest, "created_at": time.time()}
    added = insert(policies).values(**row, document=given).returning(policies)
    return connection.execute(added).mappings().one(), True


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
