"""Server-sent events of something that goes on: each stream ends with an event, whatever ends it but the client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import Header
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coverplan.api.closing import Closing
from coverplan.api.disconnect import gone
from coverplan.api.media import EVENTS
from coverplan.api.reference.media import events_of

PING_S = 5.0
"""Longest silence: then a comment line shows that the connection lives."""
PING = b": still there\n"
RETRY_MS = 1000
"""How soon a listener may come back to a service that stops."""

LastState = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern="^[0-9a-f]{16}$",
        description="Id of the last event that was heard: it is left out, unless it is the last one of all.",
    ),
]
"""The header of streams whose events are states."""


def described(events: str, example: str, **kinds: type[BaseModel]) -> dict[str, Any]:
    """A stream of events for the OpenAPI document; by kind, what their data are."""
    return {
        "description": f"{events}; a comment line at least every {PING_S:g} seconds.",
        "content": events_of(example, **kinds),
    }


class EventStream(Response):
    """Sends events until there are no more, the client goes away or is refused, or the service stops."""

    media_type = EVENTS

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        about: Mapping[str, str],
        refused: Coroutine[Any, Any, None],
        closing: Closing,
    ) -> None:
        """`about` names what is followed; `refused` returns once the client may not listen any more."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._about = about
        self._refused = refused
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(gone(receive))
        refused = asyncio.create_task(self._refused)
        streaming = asyncio.create_task(self._stream(send))
        closing = asyncio.create_task(self._closing.wait())
        tasks = {leaving, refused, streaming, closing}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not streaming.cancelled():
            return
        if not closing.cancelled():
            await send({"type": "http.response.body", "body": self._last_words(), "more_body": True})
        if not refused.cancelled() or not closing.cancelled():
            await send({"type": "http.response.body", "body": b""})

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with aclosing(self._events) as events:
            async for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _last_words(self) -> bytes:
        """The last event where the service stops: it has no number, so that the next stream begins where this ends."""
        return format_sse_event(event="closing", data_str=json.dumps(dict(self._about)), retry=RETRY_MS)
