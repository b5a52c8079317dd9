"""The outermost layer but proxies: who may call, the request's id, security headers, the log line, the last resort."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coverplan import logs
from coverplan.api.closing import Closing
from coverplan.api.edge.origins import Origins
from coverplan.api.edge.proxies import root_path_of
from coverplan.api.errors import ApiError, as_api_error, shutting_down
from coverplan.metrics import REQUESTS
from coverplan.settings import ANY, Settings, is_loopback
from coverplan.tracing import Trace

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
METRICS = "/metrics"
PROBES = frozenset(("/healthz", "/readyz", METRICS))
"""Asked every few seconds, by machines that call by address: not worth a line."""
_METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
_CREATED = re.compile(r"/v1/(?P<resource>run|batch|experiment|dataset|webhook)(s|es)/(?P<id>[A-Za-z0-9-]+)")
"""A Location of something that has an id."""
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger(__name__)


class Gate:
    """ASGI middleware; must be the outermost but `Proxies`."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self._any_host = not is_loopback(settings.host) and not self._hosts
        self._origins = settings.cors_origins
        self.app = Origins(app, self._origins) if self._origins else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        trace = Trace.of(headers)
        scope.setdefault("state", {}).update(request_id=request_id, trace=trace)
        began, status, bodiless = time.monotonic(), 0, scope["method"] == "HEAD"

        async def decorated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _decorate(MutableHeaders(raw=message.setdefault("headers", [])), scope)
            await send({**message, "body": b""} if bodiless and "body" in message else message)

        with logs.bound(request_id=request_id, trace_id=trace.id):
            try:
                self._check(scope["path"], headers)
                await self.app(scope, receive, decorated)
            except ApiError as error:
                if not status:
                    await self._answer(error, scope, receive, decorated)
                else:  # an answer that has begun can only be cut off
                    log.info("answer cut off", code=error.kind.code)
            except asyncio.CancelledError:
                # The server gives up on what is not done in time; a server that stops owes an answer all the same.
                if not self._closing(scope):
                    raise
                log.warning("request given up", reason="shutdown")
                if not status:
                    await self._answer(shutting_down(), scope, receive, decorated)
            except Exception as error:
                log.exception("request failed")
                if status:
                    raise
                await self._answer(as_api_error(error), scope, receive, decorated)
            finally:
                seconds = round(time.monotonic() - began, 4)
                REQUESTS.labels(_method(scope["method"]), _route(scope), status).observe(seconds)
                write = log.debug if scope["path"] in PROBES else log.info
                facts = {"method": scope["method"], "path": scope["path"], "client": _client(scope), **_named(scope)}
                write("request", **facts, status=status, seconds=seconds)

    async def _answer(self, error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call that got no answer within, such that pages that may call can read it."""
        response = error.response(scope["state"]["request_id"])
        if not self._origins:
            await response(scope, receive, send)
            return
        shared = Origins(response, self._origins)
        await shared.simple_response(scope, receive, send, request_headers=Headers(scope=scope))

    @staticmethod
    def _closing(scope: Scope) -> bool:
        closing: Closing | None = getattr(scope["app"].state, "closing", None)
        return closing is not None and closing.begun

    def _check(self, path: str, headers: Headers) -> None:
        """Refuse pages of other sites, also those whose name was made to point here (DNS rebinding)."""
        host = headers.get("host", "")
        if not self._answers_to(_name_of(host), path, headers):
            raise ApiError(
                "host_not_allowed",
                "The Host header names another host than this one.",
                suggestion="Call it by its loopback name, or add the name to COVERPLAN_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin is not None and (origin in self._origins or ANY in self._origins):
            return
        if origin is not None and _netloc(origin) != host.lower():
            raise ApiError(
                "origin_not_allowed",
                "The Origin header names another site than this one.",
                suggestion="Have the operator add the origin to COVERPLAN_CORS_ORIGINS.",
            )
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not navigates:
            raise ApiError("origin_not_allowed", "The browser says that another site's page is calling.")

    def _answers_to(self, name: str, path: str, headers: Headers) -> bool:
        """Whether calls by this host name are taken; probes come by address, and a page of another site has no key."""
        if self._any_host or is_loopback(name) or name in self._hosts:
            return True
        return path in PROBES and (path != METRICS or "authorization" in headers)


def _decorate(headers: MutableHeaders, scope: Scope) -> None:
    """What every answer has."""
    state = scope["state"]
    headers["X-Request-ID"] = state["request_id"]
    for name, value in {**SECURITY_HEADERS, **state.get("rate_limit", {})}.items():
        headers.setdefault(name, value)
    if not headers["Cache-Control"].startswith("public"):
        headers.add_vary_header("Authorization")
    location = headers.get("location", "")
    if location.startswith("/"):
        state["location"] = location
        headers["Location"] = root_path_of(scope) + location


def _named(scope: Scope) -> dict[str, str]:
    """Ids of what the call is about: those in its path, or of what it created."""
    path: dict[str, str] = scope.get("path_params", {})
    created = _CREATED.fullmatch(scope["state"].get("location", ""))
    named = {} if created is None else {f"{created['resource']}_id": created["id"]}
    return {name: value for name, value in path.items() if name.endswith("_id")} | named


def _client(scope: Scope) -> str | None:
    """The address of who calls, as far as trusted proxies say it."""
    client = scope.get("client")
    return None if client is None else client[0]


def _route(scope: Scope) -> str:
    """The path with its parameters unfilled: what callers make up must not make new series."""
    return getattr(scope.get("route"), "path", "none")


def _method(method: str) -> str:
    return method if method in _METHODS else "other"


def _netloc(origin: str) -> str:
    """Host and port of an origin; empty for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name_of(host: str) -> str:
    """The name without the port; IPv6 addresses without their brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _request_id(given: str | None) -> str:
    """The caller's own id if it is harmless, else a new one."""
    return given if given is not None and _OWN_ID.fullmatch(given) else uuid.uuid4().hex
