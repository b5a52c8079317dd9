"""HEAD wherever GET answers: the same headers, and no body."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """ASGI middleware that has GET answer; must be within `Compression`, whose headers are wanted too.

    Of an answer whose length is not known beforehand, as that of a stream, nothing is made once its headers are there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def stopping(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start" and "content-length" not in Headers(raw=message["headers"]):
                await send({"type": "http.response.body", "body": b"", "more_body": True})
                await send({"type": "http.response.body", "body": b""})
                raise _EnoughError

        scope["method"], scope["state"]["head"] = "GET", True
        try:
            await self.app(scope, receive, stopping)
        except _EnoughError:
            pass
        finally:
            scope["method"] = "HEAD"


class _EnoughError(Exception):
    """The headers are sent: there is no more to do."""


def wants_head(request: Request) -> bool:
    """Whether nobody will see the body: then work for it alone can be left."""
    return bool(request.scope["state"].get("head"))
