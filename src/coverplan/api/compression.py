"""Answers compressed with gzip, for those who take it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from coverplan.api.media import refuses


class Compression(GZipMiddleware):
    """Starlette's, which takes `gzip;q=0` for a wish: it is a refusal (RFC 9110, 12.5.3)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = MutableHeaders(scope=scope)
            if refuses(headers.get("accept-encoding", ""), "gzip"):
                headers["accept-encoding"] = "identity"
        await super().__call__(scope, receive, send)
