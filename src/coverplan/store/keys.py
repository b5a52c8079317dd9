"""API keys: a secret is 256 random bits, of which only the SHA-256 digest is kept; a key once made stays listed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, insert, select, update

from coverplan.store.ids import new_id
from coverplan.store.schema import keys

_PREFIX = "cpk_"
_RANDOM_BYTES = 32


class Scope(StrEnum):
    """What a key may do; none includes another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    METRICS = "metrics"


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
) -> tuple[str, str]:
    """A new key's id and its secret, which nobody can ever read again."""
    key_id, secret = new_id("key"), _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    row = {
        "id": key_id,
        "tenant": tenant,
        "name": name,
        "digest": digest_of(secret),
        "scopes": [scope for scope in Scope if scope in scopes],
        "requests_per_minute": allowance.requests_per_minute,
        "running_runs": allowance.running_runs,
        "stored_bytes": allowance.stored_bytes,
        "created_at": time.time(),
    }
    connection.execute(insert(keys).values(**row))
    return key_id, secret


def find(connection: Connection, digest: bytes) -> ApiKey | None:
    """The key whose secret has this digest, unless it was revoked.

    Looking a digest up takes no longer the more of it is right: who has none to the point cannot approach it.
    """
    row = (
        connection.execute(select(keys).where(keys.c.digest == digest, keys.c.revoked_at.is_(None))).mappings().first()
    )
    return _key(row) if row is not None and hmac.compare_digest(row["digest"], digest) else None


def every(connection: Connection) -> list[ApiKey]:
    """All keys, the oldest first."""
    return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.id)).mappings()]


def revoke(connection: Connection, key_id: str) -> bool:
    """Revoke a key; False if there is none that could be."""
    change = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=time.time())
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
