"""Server-sent events of a durable run; `Last-Event-ID` goes on after that number."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Coroutine
from typing import Any

from fastapi.sse import format_sse_event
from sqlalchemy import RowMapping
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coverplan.api.closing import Closing
from coverplan.api.disconnect import gone
from coverplan.api.media import EVENTS
from coverplan.api.streaming.feed import Feed

PING = b": still there\n"
RETRY_MS = 1000
"""How soon a listener may come back to a service that stops."""


class RunEvents(Response):
    """Streams what happens to a run until it ends, the client goes away or is refused; the run does not notice."""

    media_type = EVENTS

    def __init__(
        self, feed: Feed, run_id: str, after: int, refused: Coroutine[Any, Any, None], closing: Closing
    ) -> None:
        """`refused` returns once the client may not listen any more."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._run_id = run_id
        self._after = after
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
            await send({"type": "http.response.body", "body": _closing(self._run_id), "more_body": True})
        if not refused.cancelled() or not closing.cancelled():
            await send({"type": "http.response.body", "body": b""})

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for event in self._feed.events(self._run_id, self._after):
            body = PING if event is None else _sse(event, self._run_id)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _closing(run_id: str) -> bytes:
    """The last event of a stream whose service stops: it has no number, so that the next one begins where this ends."""
    return format_sse_event(event="closing", data_str=json.dumps({"run_id": run_id}), retry=RETRY_MS)


def _sse(event: RowMapping, run_id: str) -> bytes:
    at = dt.datetime.fromtimestamp(event["at"], dt.UTC).isoformat().replace("+00:00", "Z")
    data = {"run_id": run_id, "at": at, **event["data"]}
    return format_sse_event(event=event["kind"], data_str=json.dumps(data), id=str(event["seq"]))
