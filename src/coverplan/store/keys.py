"""API keys: a secret is 256 random bits, of which only the SHA-256 digest is kept; a key once made stays listed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, cast, func, insert, or_, select, update
from sqlalchemy import Text as AsText

from coverplan.payload.keys import Scope
from coverplan.store.ids import new_id
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import keys

_PREFIX = "cpk_"
_RANDOM_BYTES = 32


class LastAdminKeyError(Exception):
    """Without this key its tenant would have none that may make others."""


@dataclass(frozen=True)
class Allowance:
    """What a key may use; None: as much as the settings say."""

    requests_per_minute: int | None = None
    running_runs: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    id: str
    tenant: str
    name: str | None
    scopes: frozenset[Scope]
    allowance: Allowance
    created_at: float
    revoked_at: float | None


def create(
    connection: Connection, tenant: str, name: str | None, scopes: Collection[Scope], allowance: Allowance
) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can ever read again."""
    secret = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    row = {
        "id": new_id("key"),
        "tenant": tenant,
        "name": name,
        "digest": digest_of(secret),
        "scopes": [scope for scope in Scope if scope in scopes],
        "requests_per_minute": allowance.requests_per_minute,
        "running_runs": allowance.running_runs,
        "stored_bytes": allowance.stored_bytes,
        "created_at": time.time(),
    }
    made = connection.execute(insert(keys).values(**row).returning(keys)).mappings().one()
    return _key(made), secret


def find(connection: Connection, digest: bytes) -> ApiKey | None:
    """The key whose secret has this digest, unless it was revoked.

    Looking a digest up takes no longer the more of it is right: who has none to the point cannot approach it.
    """
    row = (
        connection.execute(select(keys).where(keys.c.digest == digest, keys.c.revoked_at.is_(None))).mappings().first()
    )
    return _key(row) if row is not None and hmac.compare_digest(row["digest"], digest) else None


def get(connection: Connection, tenant: str, key_id: str) -> ApiKey | None:
    """A key of the tenant."""
    row = connection.execute(select(keys).where(keys.c.id == key_id, keys.c.tenant == tenant)).mappings().first()
    return None if row is None else _key(row)


def every(connection: Connection) -> list[ApiKey]:
    """All keys, the oldest first."""
    return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.id)).mappings()]


def page(
    connection: Connection,
    tenant: str,
    limit: int,
    before: str | None,
    which: Which = ALL,
    *,
    scope: str | None = None,
    revoked: bool | None = None,
) -> list[ApiKey]:
    """Keys of the tenant, newest first, older than the one with the id `before`."""
    wanted = select(keys).where(keys.c.tenant == tenant, chosen(connection, keys, which, "key"))
    if scope is not None:
        wanted = wanted.where(_has(scope))
    if revoked is not None:
        wanted = wanted.where(keys.c.revoked_at.is_not(None) if revoked else keys.c.revoked_at.is_(None))
    return [_key(row) for row in connection.execute(newest(wanted, keys, limit, before)).mappings()]


def count(connection: Connection, tenant: str, since: float) -> int:
    """How many keys of the tenant can be used, or were made since a moment: to make and revoke them fills a table."""
    counted = or_(keys.c.revoked_at.is_(None), keys.c.created_at >= since)
    return connection.execute(select(func.count()).where(keys.c.tenant == tenant, counted)).scalar_one()


def revoke(connection: Connection, key_id: str) -> ApiKey | None:
    """Revoke a key; None if there is none that could be."""
    change = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=time.time())
    row = connection.execute(change.returning(keys)).mappings().one_or_none()
    return None if row is None else _key(row)


def revoke_but_last(connection: Connection, tenant: str, key_id: str) -> bool:
    """The same for a key of the tenant, unless it is its last one for admins; whether it was not revoked before.

    Raises:
        LastAdminKeyError: it is.
    """
    # Two that revoke each other at the same time wait for each other here: one of them finds itself the last.
    usable = and_(keys.c.tenant == tenant, keys.c.revoked_at.is_(None))
    admins = select(keys.c.id).where(usable, _has(Scope.ADMIN)).order_by(keys.c.id).with_for_update()
    if connection.execute(admins).scalars().all() == [key_id]:
        raise LastAdminKeyError
    change = update(keys).where(usable, keys.c.id == key_id).values(revoked_at=time.time())
    return bool(connection.execute(change).rowcount)


def exist(connection: Connection) -> bool:
    """Whether a key was ever made: one that is revoked counts, or revoking the last would open the service."""
    return connection.execute(select(keys.c.id).limit(1)).first() is not None


def usable(connection: Connection) -> bool:
    """Whether there is a key that is not revoked."""
    return connection.execute(select(keys.c.id).where(keys.c.revoked_at.is_(None)).limit(1)).first() is not None


def digest_of(secret: str) -> bytes:
    """What is kept of a secret. It is random: there is nothing to guess, so the hash need not be slow."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _has(scope: str) -> ColumnElement[bool]:
    return cast(keys.c.scopes, AsText).contains(f'"{scope}"', autoescape=True)


def _key(row: RowMapping) -> ApiKey:
    allowance = Allowance(row["requests_per_minute"], row["running_runs"], row["stored_bytes"])
    return ApiKey(
        row["id"],
        row["tenant"],
        row["name"],
        frozenset(scope for scope in Scope if scope in row["scopes"]),  # a later version may know more
        allowance,
        row["created_at"],
        row["revoked_at"],
    )
