"""Idempotency keys: which call came first, and what it was answered.

A claim is fenced by its time: one that was given up and taken over cannot record an answer any more, so that the
transaction that would have done so is rolled back.

Calls are the same if their bytes are, or what their bytes say. Both hashes are kept: versions before revision 0003 work
beside this one and know the bytes alone. As what they write leaves the other hash as it was, that one is sealed with
the hash of the bytes that it belongs to.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from coverplan.store.schema import idempotency as keys

KEPT_S = 24 * 3600.0
"""For so long a key is answered as the first time."""
IN_FLIGHT_S = 15.0
"""A call that has not ended after this time may be taken over: its process is gone, or it will lose."""


class KeyReusedError(Exception):
    """The key belongs to a call with another body."""


class KeyInFlightError(Exception):
    """The first call of the key has not ended."""


@dataclass(frozen=True)
class Call:
    """A call under a key of its caller's choice; its hashes stand for all that makes it differ from others."""

    tenant: str
    route: str
    key: str
    body_hash: str
    """Of the bytes."""
    content_hash: str | None = None
    """Of what they say, however it is written; None: the bytes say nothing that can be written in another way."""


@dataclass(frozen=True)
class Claim:
    """The right to answer a call, as long as nobody took it over."""

    call: Call
    at: float


@dataclass(frozen=True)
class Answer:
    """What a call was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


def claim(connection: Connection, call: Call) -> Claim | Answer:
    """The right to answer the call, or the answer that it had before.

    Raises:
        KeyReusedError: the key belongs to another body.
        KeyInFlightError: another call is at it.
    """
    now = time.time()
    seal = None if call.content_hash is None else sealed(call.body_hash, call.content_hash)
    fresh: dict[str, Any] = {"body_hash": call.body_hash, "content_hash": seal, "created_at": now}
    fresh |= {"status": None, "headers": None, "body": None}
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    free = or_(keys.c.created_at < now - KEPT_S, and_(keys.c.status.is_(None), keys.c.created_at < now - IN_FLIGHT_S))
    statement = insert(keys).values(tenant=call.tenant, route=call.route, key=call.key, **fresh)
    taken = statement.on_conflict_do_update(
        index_elements=[keys.c.tenant, keys.c.route, keys.c.key], set_=fresh, where=free
    ).returning(keys.c.key)
    if connection.execute(taken).scalar() is not None:
        return Claim(call, now)
    known = connection.execute(select(keys).where(_of(call))).mappings().one_or_none()
    if known is not None and not is_same(known["body_hash"], known["content_hash"], call.body_hash, call.content_hash):
        raise KeyReusedError
    if known is None or known["status"] is None:  # released between the two statements, or at work
        raise KeyInFlightError
    return Answer(known["status"], known["headers"] or {}, known["body"] or "")


def sealed(body_hash: str, content_hash: str) -> str:
    """The hash of what bytes say, bound to that of the bytes."""
    return hashlib.sha256(f"{body_hash} {content_hash}".encode()).hexdigest()


def is_same(known_bytes: str | None, known_seal: str | None, body_hash: str, content_hash: str | None) -> bool:
    """Whether a call has the bytes that are known, or says the same."""
    if body_hash == known_bytes:
        return True
    if known_bytes is None or known_seal is None or content_hash is None:
        return False
    return known_seal == sealed(known_bytes, content_hash)


def finish(connection: Connection, claimed: Claim, answer: Answer) -> bool:
    """Record the answer, in the transaction that does what it says; False if the claim was taken over."""
    change = (
        update(keys).where(_held(claimed)).values(status=answer.status, headers=dict(answer.headers), body=answer.body)
    )
    return bool(connection.execute(change).rowcount)


def release(connection: Connection, claimed: Claim) -> None:
    """Give up the claim of a call that created nothing: the key is as good as new."""
    connection.execute(delete(keys).where(_held(claimed)))


def release_all(connection: Connection) -> None:
    """Give up every claim; for the start of a service that shares its database with no other."""
    connection.execute(delete(keys).where(keys.c.status.is_(None)))


def forget(connection: Connection) -> int:
    """Remove what is older than a day; how many keys that were."""
    return connection.execute(delete(keys).where(keys.c.created_at < time.time() - KEPT_S)).rowcount


def _of(call: Call) -> ColumnElement[bool]:
    return and_(keys.c.tenant == call.tenant, keys.c.route == call.route, keys.c.key == call.key)


def _held(claimed: Claim) -> ColumnElement[bool]:
    return and_(_of(claimed.call), keys.c.status.is_(None), keys.c.created_at == claimed.at)
