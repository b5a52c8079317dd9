"""Server-sent events of a solve: `progress` at least once a second, then one `plan` or `error`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import structlog
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from coverplan.api.closing import Closing
from coverplan.api.disconnect import gone
from coverplan.api.errors import ApiError, as_api_error, shutting_down
from coverplan.api.guard.auth import refused as refusal
from coverplan.api.media import EVENTS
from coverplan.process.run import Run

_SILENCE_S = 0.8
"""After this long without news the last news are told again."""

log = structlog.get_logger(__name__)

News = asyncio.Queue[dict[str, Any]]


class SolveEvents(Response):
    """Streams the events of a run, and cancels it when the client goes away."""

    media_type = EVENTS

    def __init__(self, run: Run, news: News, refused: Coroutine[Any, Any, None], closing: Closing) -> None:
        """`refused` returns once the client may not listen any more: then the run is stopped."""
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._run = run
        self._news = news
        self._refused = refused
        self._closing = closing
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(gone(receive))
        streaming = asyncio.create_task(self._stream(send, scope["state"]["request_id"]))
        refused = asyncio.create_task(self._refused)
        try:
            await asyncio.wait({leaving, streaming, refused}, return_when=asyncio.FIRST_COMPLETED)
            if streaming.done():
                streaming.result()
                return
            streaming.cancel()
            await asyncio.wait({streaming})
            if refused.done():
                await send(_last(refusal(), scope))
        except asyncio.CancelledError:
            # The server gives up on what is not done in time.
            streaming.cancel()
            await asyncio.wait({streaming})
            if self._closing.begun and self._begun and streaming.cancelled():
                await send(_last(shutting_down(), scope))
            raise
        finally:
            for task in (leaving, streaming, refused):
                task.cancel()
            await self._run.cancel()

    async def _stream(self, send: Send, request_id: str) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._begun = True
        async for event, data in self._events(request_id):
            body = format_sse_event(event=event, data_str=data)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _events(self, request_id: str) -> AsyncIterator[tuple[str, str]]:
        began = time.monotonic()
        last: dict[str, Any] = {"t": 0.0, "objective_value": None, "dual_bound": None, "gap": None, "phase": "load"}
        while not self._run.task.done() or not self._news.empty():
            hearing = asyncio.create_task(self._news.get())
            await asyncio.wait({hearing, self._run.task}, timeout=_SILENCE_S, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                last, began = hearing.result(), time.monotonic()
                yield "progress", json.dumps(last)
                continue
            hearing.cancel()
            if not self._run.task.done():
                yield "progress", json.dumps({**last, "t": round(last["t"] + time.monotonic() - began, 3)})
        try:
            yield "plan", (await self._run.result()).decode()
        except Exception as error:
            problem = as_api_error(error)
            if problem.kind.code == "internal_error":
                log.exception("solve failed")
            yield "error", _document(problem, request_id)


def _last(error: ApiError, scope: Scope) -> Message:
    """An error as the last event."""
    told = format_sse_event(event="error", data_str=_document(error, scope["state"]["request_id"]))
    return {"type": "http.response.body", "body": told}


def _document(error: ApiError, request_id: str) -> str:
    return error.document(request_id).model_dump_json()
