"""Connections: how long the head of a request may take, how many there may be, and what is said to no request.

The server itself waits for ever for the rest of a head: a few hundred of them would take all its files.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

from coverplan.api.errors import PROBLEM_JSON, RETRY_AFTER_S, ApiError
from coverplan.settings import Settings

log = structlog.get_logger(__name__)


def limited(settings: Settings) -> type[asyncio.Protocol]:
    """The protocol of the server under these settings."""

    class Limited(_Limited):
        patience_s = settings.head_timeout_s
        most = settings.max_connections

    return Limited


class _Limited(H11Protocol):
    """HTTP/1.1 with an end to waiting for a head."""

    patience_s: float
    most: int
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            log.warning("connection refused", connections=self.most)
            self._refuse(_later("busy", f"It has {self.most:,} connections open, as many as it takes."))
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_waiting_for_a_head:
            self._wait()
        else:
            self._stop_waiting()

    @property
    def _is_waiting_for_a_head(self) -> bool:
        """Whether a part of a head is here, and the rest is not."""
        begun, _closed = self.conn.trailing_data
        return self.conn.their_state is h11.IDLE and bool(begun)

    def _wait(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.patience_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self._refuse(_later("head_timeout", f"The head of a request must arrive within {self.patience_s:g} s."))

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read; an answer that has begun can only be cut off."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._refuse(ApiError("bad_request", "It is no request of HTTP/1.1."))
        else:
            self.transport.close()

    def _refuse(self, error: ApiError) -> None:
        """Answer before there is a request, and hang up."""
        body = error.document(None).model_dump_json().encode()
        headers = {"Content-Type": PROBLEM_JSON, "Content-Length": str(len(body)), **error.headers}
        head = [
            f"HTTP/1.1 {error.kind.status} {error.kind.title}",
            *(f"{name}: {value}" for name, value in headers.items()),
            "Connection: close",
        ]
        cast(Any, self.transport).write("\r\n".join([*head, "", ""]).encode() + body)
        self.transport.close()


def _later(code: str, detail: str) -> ApiError:
    """A refusal that may be otherwise soon."""
    return ApiError(code, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
