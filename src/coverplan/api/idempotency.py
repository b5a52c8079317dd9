"""`Idempotency-Key`: a call that is made again is answered again, and creates nothing twice.

A creating route takes `once: Once` after its body and creates in `once.create`:

    @router.post("", status_code=202, responses=error_responses(*ONCE, ...), ...)
    async def submit_run(body: Parsed[RunRequest], caller: Writer, store: Stored, once: Once) -> Response:
        run_id = new_id("run")
        await store.blobs.put(...)

        def create(connection: Connection) -> Created:
            runs.add(connection, ...)
            return Created(RunTicket(run_id=run_id), status=202, location=f"/v1/runs/{run_id}")

        return await once.create(create)

The answer is recorded in the transaction that creates, so both are there or neither, whatever is killed when. A call
that fails, with whatever status, leaves the key free. A route whose answer tells how far something is takes `once:
Annotated[Creation, once_telling(now)]`: made again, the call has the status and the Location of the first, and what is
the case `now`. A route without a body, or whose body is a stream, of which the digest is known at its end only, opens
`once_for(request, caller, store, digest)` then, with `key: Key` among its parameters for the OpenAPI document. Batches,
which a call with the same key reads on, keep their keys themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any

import structlog
from fastapi import Depends, Header, Request
from sqlalchemy import Connection
from starlette.responses import Response

from coverplan.api.body import Digest
from coverplan.api.errors import AnsweredError, ApiError
from coverplan.api.guard.auth import Caller, Known
from coverplan.api.media import JSON
from coverplan.api.state import Stored
from coverplan.payload.base import Document
from coverplan.store import batches, idempotency
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.idempotency import Answer, Call, Claim, KeyInFlightError, KeyReusedError
from coverplan.store.store import Store

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
REPLAYED = {REPLAYED_HEADER: "true"}
ONCE = (409, 422)
"""Statuses that the key adds to a route."""

Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=200,
        pattern="^[!-~]+$",
        description="A word of your choice, new for each thing to create. Within 24 hours the same call under the "
        "same key creates nothing: it is answered with the status of the first, `Idempotency-Replayed: true`, and how "
        "far what that created is by now. JSON is the same however it is written. Another call is answered with 422, "
        "and one that comes before the first has ended with 409.",
    ),
]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Created:
    """The answer of a route that creates."""

    document: Document
    status: int = 201
    location: str | None = None
    """Path of what was created."""
    kept: Document | None = None
    """What a call that is repeated is answered, where that is another document: one without a secret."""


Within = Callable[[Callable[[Connection], Answer]], Awaitable[Answer]]
"""Runs a change in a transaction, off the event loop."""
Now = Callable[[Connection, str, Mapping[str, Any]], Document | None]
"""What a tenant's call that was answered with this document is answered now; None: the same."""


class Creation:
    """How a route creates: once, where its caller gave a key."""

    def __init__(self, database: Database, claim: Claim | None = None) -> None:
        self._database = database
        self._claim = claim

    @property
    def is_kept(self) -> bool:
        """Whether the answer is kept, for calls that are made again."""
        return self._claim is not None

    async def create(self, work: Callable[[Connection], Created], within: Within | None = None) -> Response:
        """Do the work, which runs in a thread, in one transaction, which records its answer too; then answer.

        `within` has the transaction, where it is one that does more than this work.

        Raises:
            ApiError: another call with the key has taken over; the work is undone.
        """

        def change(connection: Connection) -> Answer:
            return self._create(connection, work)

        answer = await (within or self._database.writing)(change)
        self._claim = None
        return _response(answer)

    async def release(self) -> None:
        """Free the key, unless an answer was recorded."""
        if self._claim is None:
            return
        try:
            claim = self._claim
            await self._database.writing(lambda connection: idempotency.release(connection, claim))
        except DatabaseLostError:
            log.warning("idempotency key not released", seconds_held=idempotency.IN_FLIGHT_S)

    def _create(self, connection: Connection, work: Callable[[Connection], Created]) -> Answer:
        created = work(connection)
        headers = {} if created.location is None else {"Location": created.location}
        answer = Answer(created.status, headers, created.document.model_dump_json())
        kept = answer if created.kept is None else replace(answer, body=created.kept.model_dump_json())
        if self._claim is not None and not idempotency.finish(connection, self._claim, kept):
            raise in_flight()
        return answer


def recover(database: Database) -> None:
    """At the start: free the keys of calls that ended with the service before; only a file is known to be ours alone.

    Raises:
        DatabaseLostError: the database does not answer.
    """
    if database.is_sqlite:
        with database.begin() as connection:
            idempotency.release_all(connection)
            batches.release_all(connection)


@asynccontextmanager
async def once_for(
    request: Request, caller: Caller, store: Store, digest: Digest, now: Now | None = None
) -> AsyncIterator[Creation]:
    """Claim the caller's key, if it gave one, for a body with this digest.

    Raises:
        AnsweredError: the call was answered before.
        ApiError: the key belongs to another call, or its first call has not ended.
    """
    key = request.headers.get(HEADER)
    if key is None:
        yield Creation(store.database)
        return
    route = f"{request.method} {request.scope['route'].path}"[:200]
    content = _hash(request, digest.content) if digest.content else None
    call = Call(caller.tenant, route, key, _hash(request, digest.raw), content)
    creation = Creation(store.database, await store.database.apart(lambda: _claimed(store.database, call, now)))
    try:
        yield creation
    finally:
        await creation.release()


def once_telling(now: Now | None) -> Any:
    """The dependency of routes whose body is `Parsed`, and after it and their caller, whose scope they ask for.

    `now` is asked when a call is made again.
    """

    async def once(request: Request, caller: Known, store: Stored, _key: Key = None) -> AsyncIterator[Creation]:
        try:
            digest: Digest = request.state.body_digest
        except AttributeError:
            raise RuntimeError("the body is not read yet: `once` comes after it in the route's parameters") from None
        async with once_for(request, caller, store, digest, now) as creation:
            yield creation

    return Depends(once)


Once = Annotated[Creation, once_telling(None)]
"""For routes whose answer stays what it is."""


def _claimed(database: Database, call: Call, now: Now | None) -> Claim:
    try:
        with database.begin() as connection:
            found = idempotency.claim(connection, call)
            if isinstance(found, Answer) and now is not None:
                found = _of_now(found, now(connection, call.tenant, json.loads(found.body)))
    except KeyReusedError:
        raise reused() from None
    except KeyInFlightError:
        raise in_flight() from None
    if isinstance(found, Answer):
        raise AnsweredError(_response(found, replayed=True))
    return found


def _of_now(answer: Answer, document: Document | None) -> Answer:
    return answer if document is None else replace(answer, body=document.model_dump_json())


def reused() -> ApiError:
    """The key belongs to another call."""
    return ApiError(
        "idempotency_key_reused",
        f"The {HEADER} was used for a call with another body.",
        suggestion="Take a new key for each thing to create.",
    )


def in_flight() -> ApiError:
    """The key belongs to a call that is under way."""
    return ApiError(
        "idempotency_in_flight",
        f"Another call with this {HEADER} has not ended.",
        suggestion="Try again in a second: it will have the answer of that call.",
        headers={"Retry-After": "1"},
    )


def _response(answer: Answer, *, replayed: bool = False) -> Response:
    return Response(answer.body, answer.status, {**answer.headers, **(REPLAYED if replayed else {})}, media_type=JSON)


def _hash(request: Request, digest: str) -> str:
    """What makes a call the same: the place with its query, and the body."""
    place = request.scope["raw_path"] + b"?" + request.scope["query_string"] + b"\n"
    return hashlib.sha256(place + digest.encode()).hexdigest()
