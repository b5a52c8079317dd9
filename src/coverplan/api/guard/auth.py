"""Who calls, and what they may do.

Every router but the open ones is included with `PROTECTED`: a call without a key gets no further. What a route needs
beyond that, and for whom it works, it gets as `caller: Reader`, `Writer` or `Operator`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from coverplan.api.errors import ApiError
from coverplan.api.guard.access import REMEMBERED_S, Access
from coverplan.api.guard.rates import Rates
from coverplan.api.state import Configured
from coverplan.payload.error_document import Limit
from coverplan.payload.keys import Scope
from coverplan.settings import Settings
from coverplan.store.audit import By
from coverplan.store.database import DatabaseLostError
from coverplan.store.keys import Allowance, ApiKey

OPEN_TENANT = "default"
"""Owner of everything while the service runs open."""
_MOST_OF_ADDRESS = 64

_bearer = HTTPBearer(
    scheme_name="api_key",
    bearerFormat="cpk_...",
    auto_error=False,
    description="An API key, made by `coverplan keys create`: `Authorization: Bearer cpk_...`. It belongs to a tenant "
    "and has scopes: `read`, `write` (also to solve), `admin` (keys, the audit log), and `metrics` for `/metrics` "
    "alone. Without any key a service on loopback runs open. A key that is revoked is refused within "
    f"{REMEMBERED_S:g} s.",
)


@dataclass(frozen=True)
class Caller:
    """Who calls: every resource belongs to a tenant, and no call sees another's."""

    tenant: str
    key_id: str | None = None
    """None while the service runs open."""
    key_name: str | None = None
    scopes: frozenset[Scope] = frozenset(Scope)
    running_runs: int | None = None
    """Runs that the tenant may have queued or running for this caller to add one; None: any number."""
    stored_bytes: int | None = None
    """Bytes that the tenant may have stored for this caller to add some; None: any number."""
    allowance: Allowance = field(default_factory=Allowance)
    """What its key says of that itself."""
    request_id: str | None = None
    address: str | None = None

    @property
    def by(self) -> By:
        """The caller as the audit log names it."""
        return By(self.tenant, self.key_id, self.request_id, self.address)


async def authenticated(
    request: Request,
    settings: Configured,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The caller by its key.

    Raises:
        ApiError: it has none where one is needed, or calls too often.
    """
    access: Access = request.app.state.access
    key = None if credentials is None else await access.key(credentials.credentials)
    if key is None:
        if await access.is_open():
            return Caller(OPEN_TENANT, **_call(request))
        raise _unauthorized(credentials is not None)
    structlog.contextvars.bind_contextvars(key_id=key.id, tenant=key.tenant)
    _slow_down(request, key, settings)
    return Caller(
        key.tenant,
        key.id,
        key.name,
        key.scopes,
        running_runs=key.allowance.running_runs or settings.running_runs,
        stored_bytes=key.allowance.stored_bytes or settings.stored_bytes,
        allowance=key.allowance,
        **_call(request),
    )


async def is_refused(request: Request) -> bool:
    """Whether a call like this one would be refused now: its key was revoked, or it needs one."""
    access: Access = request.app.state.access
    credentials = await _bearer(request)
    with contextlib.suppress(DatabaseLostError):
        known = credentials is not None and await access.key(credentials.credentials) is not None
        return not known and not await access.is_open()
    return False


async def until_refused(request: Request) -> None:
    """Return within seconds once a call like this one would be refused."""
    while not await is_refused(request):
        await asyncio.sleep(REMEMBERED_S)


async def while_admitted(request: Request, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream in or out, for as long as its caller would be let in anew.

    Raises:
        ApiError: it would not be any more.
    """
    asked_at = time.monotonic()
    async for piece in stream:
        if time.monotonic() - asked_at >= REMEMBERED_S:
            if await is_refused(request):
                raise refused()
            asked_at = time.monotonic()
        yield piece


def _with_scope(scope: Scope, *others: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """A caller with one of these scopes; the first is the least that is needed."""

    async def caller(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
        if caller.scopes.isdisjoint((scope, *others)):
            raise ApiError(
                "forbidden",
                f"The key lacks the scope {scope}.",
                suggestion=f"Make one with `coverplan keys create --scope {scope}`; a key's scopes stay as they are.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return caller

    return caller


PROTECTED = Depends(authenticated)
"""For routers all of whose routes need a key, whatever its scope."""
Known = Annotated[Caller, Depends(authenticated)]
"""The caller, whatever its scopes."""
Reader = Annotated[Caller, Depends(_with_scope(Scope.READ))]
"""A caller who may read."""
Writer = Annotated[Caller, Depends(_with_scope(Scope.WRITE))]
"""A caller who may solve, create, stop and delete."""
Operator = Annotated[Caller, Depends(_with_scope(Scope.ADMIN))]
"""A caller who may see and change what belongs to no tenant, and who calls for its own."""
Watcher = Annotated[Caller, Depends(_with_scope(Scope.METRICS, Scope.ADMIN))]
"""A caller who may see how the service does."""


def refused() -> ApiError:
    """The error of a call whose key was revoked while it went on."""
    return _unauthorized(given=True)


def _call(request: Request) -> dict[str, Any]:
    address = None if request.client is None else request.client.host[:_MOST_OF_ADDRESS]
    return {"request_id": request.state.request_id, "address": address}


def _unauthorized(given: bool) -> ApiError:
    return ApiError(
        "unauthorized",
        "The key is unknown or revoked." if given else "The call carries no API key.",
        suggestion="Send Authorization: Bearer KEY; `coverplan keys create` makes one.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"' if given else "Bearer"},
    )


def _slow_down(request: Request, key: ApiKey, settings: Settings) -> None:
    """Say in the answer how many calls are left; raise ApiError if the key calls too often."""
    rates: Rates = request.app.state.rates
    turn = rates.turn(key.id, key.allowance.requests_per_minute or settings.requests_per_minute)
    request.state.rate_limit = turn.headers
    if turn.wait_s > 0:
        raise ApiError(
            "rate_limited",
            f"The key may call {turn.per_minute:,} times a minute.",
            suggestion="Follow Retry-After; a batch takes many runs in one call.",
            limit=Limit(name="requests_per_minute", value=turn.per_minute),
            headers={"Retry-After": str(math.ceil(turn.wait_s))},
        )
