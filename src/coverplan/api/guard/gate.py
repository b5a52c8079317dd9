"""The outermost layer: who may call, the request's id, security headers, the log line, and the last resort."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coverplan.api.closing import Closing
from coverplan.api.errors import ApiError, as_api_error, shutting_down
from coverplan.metrics import REQUESTS
from coverplan.settings import Settings, is_loopback

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked every few seconds: not worth a line."""
_METHODS = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
_OWN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger(__name__)


class Gate:
    """ASGI middleware; must be the outermost."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self._any_host = not is_loopback(settings.host) and not self._hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.monotonic(), 0

        async def decorated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(raw=message.setdefault("headers", []))
                answered["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    answered.setdefault(name, value)
                answered.add_vary_header("Authorization")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                self._check(headers)
                await self.app(scope, receive, decorated)
            except ApiError as error:
                if not status:
                    await error.response(request_id)(scope, receive, decorated)
                else:  # an answer that has begun can only be cut off
                    log.info("answer cut off", code=error.kind.code)
            except asyncio.CancelledError:
                # The server gives up on what is not done in time; a server that stops owes an answer all the same.
                if not self._closing(scope):
                    raise
                log.warning("request given up", reason="shutdown")
                if not status:
                    await shutting_down().response(request_id)(scope, receive, decorated)
            except Exception as error:
                log.exception("request failed")
                if status:
                    raise
                await as_api_error(error).response(request_id)(scope, receive, decorated)
            finally:
                seconds = round(time.monotonic() - began, 4)
                REQUESTS.labels(_method(scope["method"]), _route(scope), status).observe(seconds)
                write = log.debug if scope["path"] in PROBES else log.info
                write("request", method=scope["method"], path=scope["path"], status=status, seconds=seconds)

    @staticmethod
    def _closing(scope: Scope) -> bool:
        closing: Closing | None = getattr(scope["app"].state, "closing", None)
        return closing is not None and closing.begun

    def _check(self, headers: Headers) -> None:
        """Refuse pages of other sites, also those whose name was made to point here (DNS rebinding)."""
        host = headers.get("host", "")
        name = _name_of(host)
        if not self._any_host and not is_loopback(name) and name not in self._hosts:
            raise ApiError(
                "host_not_allowed",
                "The Host header names another host than this one.",
                suggestion="Call it by its loopback name, or add the name to COVERPLAN_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != host.lower():
            raise ApiError("origin_not_allowed", "The Origin header names another site than this one.")
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not navigates:
            raise ApiError("origin_not_allowed", "The browser says that another site's page is calling.")


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
