"""API keys for those who administer a tenant: they see, make and revoke those of their own tenant, and no other's.

What a key may use it may hand on, and no more. The first key is made on the command line, and so is what gets a tenant
out that has locked itself out.
"""

from __future__ import annotations

import time
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Named
from coverplan.api.guard.auth import Caller, Operator
from coverplan.api.idempotency import ONCE, Created, Once
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import KeyCursor, Limit, Page
from coverplan.api.rows import missing
from coverplan.api.state import Configured, Stored
from coverplan.payload.issues import IssueReport
from coverplan.payload.keys import Key, KeyRequest, NewKey, Scope, ScopeName
from coverplan.payload.times import maybe_moment, moment
from coverplan.settings import Settings
from coverplan.store import audit, keys
from coverplan.store.keys import Allowance, ApiKey, LastAdminKeyError

router = APIRouter(prefix="/v1/keys", tags=["keys"], dependencies=[accepts(JSON)])

KeyId = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="Id of the key.")]
_LIMITS = ("requests_per_minute", "running_runs", "stored_bytes")
_DAY_S = 86400.0


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    response_model=NewKey,
    responses={201: located(key_id="$response.body#/id"), **error_responses(*ONCE, 408, 413, 415, 503)},
    openapi_extra=body_of(KeyRequest, key="A key for an import that runs every night"),
)
async def create_key(body: Parsed[KeyRequest], caller: Operator, settings: Configured, once: Once) -> Response:
    """A key of the caller's tenant with limits that are the caller's at most. The answer has its secret, this once."""
    _check_holder(caller)
    allowance = _handed_on(body, caller.allowance, settings)

    def create(connection: Connection) -> Created:
        _check_number(connection, caller.tenant, settings.max_keys)
        key, secret = keys.create(connection, caller.tenant, body.name, list(map(Scope, body.scopes)), allowance)
        audit.add(connection, caller.by, "key.create", key.id)
        shown = _shown(key).model_dump()
        kept = NewKey(**shown, secret=None)
        return Created(NewKey(**shown, secret=secret), location=f"/v1/keys/{key.id}", kept=kept)

    return await once.create(create)


@router.get("", summary="List keys", responses=error_responses(422, 503))
async def list_keys(
    caller: Operator,
    store: Stored,
    which: Named,
    limit: Limit = 50,
    cursor: KeyCursor = None,
    status: Annotated[
        Literal["usable", "revoked"] | None, Query(description="Keys that can be used, or cannot any more.")
    ] = None,
    scope: Annotated[ScopeName | None, Query(description="Keys with this scope only.")] = None,
) -> Page[Key]:
    """Keys of the caller's tenant, newest first, revoked ones too; secrets are not kept."""
    revoked = None if status is None else status == "revoked"
    found = await store.database.reading(
        lambda c: keys.page(c, caller.tenant, limit + 1, cursor, which, scope=scope, revoked=revoked)
    )
    more = found[limit - 1].id if len(found) > limit else None
    return Page[Key](items=[_shown(key) for key in found[:limit]], next_cursor=more)


@router.get("/{key_id}", summary="Show a key", responses=error_responses(404, 422, 503))
async def show_key(key_id: KeyId, caller: Operator, store: Stored) -> Key:
    """The key without its secret."""
    return _shown(await store.database.reading(lambda c: _found(c, caller.tenant, key_id)))


@router.delete("/{key_id}", status_code=204, summary="Revoke a key", responses=error_responses(404, 409, 422, 503))
async def revoke_key(key_id: KeyId, caller: Operator, store: Stored) -> None:
    """For good, and everywhere within seconds; it stays listed. The last one with the scope `admin` is not revoked."""
    _check_holder(caller)

    def revoke(connection: Connection) -> None:
        _found(connection, caller.tenant, key_id)
        if keys.revoke_but_last(connection, caller.tenant, key_id):
            audit.add(connection, caller.by, "key.revoke", key_id)

    try:
        await store.database.writing(revoke)
    except LastAdminKeyError:
        raise ApiError(
            "last_admin_key",
            "Without it nobody could make keys for the tenant any more.",
            suggestion="Make another one first, or have the operator call `coverplan keys revoke`.",
        ) from None


def _check_holder(caller: Caller) -> None:
    """Raise ApiError while the service runs open: whoever reaches it could lock all others out."""
    if caller.key_id is None:
        raise ApiError(
            "forbidden",
            "The call carries no key: the service runs open.",
            suggestion="Make the first key with `coverplan keys create --scope admin`.",
        )


def _handed_on(body: KeyRequest, own: Allowance, settings: Settings) -> Allowance:
    """The limits of a new key: those of the key that makes it, or less.

    Raises:
        PayloadError: they would be more.
    """
    report, limits = IssueReport(), {}
    for name in _LIMITS:
        wanted, most = getattr(body, name), getattr(own, name) or getattr(settings, name)
        if wanted is not None and most is not None and wanted > most:
            report.add(
                "out_of_range", f"/{name}", value=wanted, bound=f"at most {most:,}, as for the key that makes it"
            )
        limits[name] = getattr(own, name) if wanted is None else wanted
    report.raise_errors()
    return Allowance(**limits)


def _check_number(connection: Connection, tenant: str, most: int) -> None:
    if keys.count(connection, tenant, time.time() - _DAY_S) >= most:
        raise ApiError(
            "too_many_keys",
            f"The tenant has {most:,} keys that can be used or were made within a day.",
            suggestion="Revoke some that nobody needs, or have the operator raise COVERPLAN_MAX_KEYS.",
        )


def _found(connection: Connection, tenant: str, key_id: str) -> ApiKey:
    key = keys.get(connection, tenant, key_id)
    if key is None:
        raise missing("key", key_id)
    return key


def _shown(key: ApiKey) -> Key:
    return Key(
        id=key.id,
        tenant=key.tenant,
        name=key.name,
        scopes=[scope.value for scope in Scope if scope in key.scopes],
        **{name: getattr(key.allowance, name) for name in _LIMITS},
        created_at=moment(key.created_at),
        revoked_at=maybe_moment(key.revoked_at),
    )
