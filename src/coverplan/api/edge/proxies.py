"""Behind proxies: who called, by what name and below which path, as proxies that are trusted say it.

uvicorn reads `X-Forwarded-For` and `X-Forwarded-Proto`; this adds `X-Forwarded-Host` and `X-Forwarded-Prefix`. Within,
paths begin where the service's own do, whether the proxy took the prefix off or left it on.
"""

from __future__ import annotations

from typing import Any, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from coverplan.settings import ROOT_PATH, Settings


class Proxies:
    """ASGI middleware; must be the outermost."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._root_path = settings.root_path
        self._forwarded = ProxyHeadersMiddleware(cast(Any, self._enter), settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["root_path"] = self._root_path
        client = scope.get("client")
        if client is not None and client[0] in self._forwarded.trusted_hosts:
            _believe(scope)
        await self._forwarded(cast(Any, scope), cast(Any, receive), cast(Any, send))

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        _take_off(scope, root_path_of(scope))
        await self._app(scope, receive, send)


def root_path_of(scope: Scope) -> str:
    """Where callers find the service: what comes before its own paths; empty or `/coverplan`."""
    root_path: str = scope.get("state", {}).get("root_path", "")
    return root_path


def _believe(scope: Scope) -> None:
    """Take over what a trusted proxy says of host and prefix; of several values, that of the nearest proxy."""
    headers = Headers(scope=scope)
    host, prefix = _last(headers, "x-forwarded-host"), _last(headers, "x-forwarded-prefix").rstrip("/")
    if host:
        MutableHeaders(scope=scope)["host"] = host
    if ROOT_PATH.fullmatch(prefix):
        scope["state"]["root_path"] = prefix


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


def _take_off(scope: Scope, root_path: str) -> None:
    """Let the path begin behind the prefix, where the proxy left it on."""
    if root_path and scope["path"].startswith(f"{root_path}/"):
        scope["path"] = scope["path"].removeprefix(root_path)
        scope["raw_path"] = scope["raw_path"].removeprefix(root_path.encode())
