"""Bodies of lines (NDJSON), read a handful of lines at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from fastapi import Request

from coverplan.api.body import check_headers
from coverplan.api.errors import ApiError
from coverplan.api.media import NDJSON
from coverplan.api.streams import received, unpacked
from coverplan.payload.error_document import Limit
from coverplan.settings import Settings

_HANDFUL_BYTES = 1 << 20
_LINGER_S = 0.05
"""So long the next line is waited for before those that are there are handed on."""

Line = bytes | ApiError
"""A line, or why it cannot be read."""


class Lines:
    """The lines of a request's body."""

    def __init__(self, request: Request, settings: Settings, most: int) -> None:
        """Look at the headers; `most` lines make a handful.

        Raises:
            ApiError: the media type or encoding is none that is taken.
        """
        check_headers(request, NDJSON)
        self._request = request
        self._patience_s = settings.body_timeout_s
        self._longest = settings.max_body_bytes
        self._most = most
        self._whole: list[Line] = []
        self._bytes = 0
        self._rest = bytearray()
        self._overlong = False

    async def handfuls(self) -> AsyncIterator[list[Line]]:
        """The lines, as many at a time as have arrived: at most some, and a megabyte or a single one.

        Raises:
            ApiError: nothing comes any more, or it is no gzip data.
            ClientGoneError: the connection was cut off; what came of the line by then is dropped.
        """
        pieces = aiter(self._pieces())
        coming: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                coming = coming or asyncio.create_task(_next(pieces))
                await asyncio.wait({coming}, timeout=_LINGER_S if self._whole else None)
                if not coming.done():
                    yield self._taken()
                    continue
                piece, coming = coming.result(), None
                if piece is None:
                    break
                for _ in self._split(piece):
                    yield self._taken()
            if self._rest or self._overlong:
                self._end_line()
            if self._whole:
                yield self._taken()
        finally:
            if coming is not None:
                coming.cancel()

    async def _pieces(self) -> AsyncIterator[bytes]:
        chunks = received(self._request, self._patience_s)
        packed = self._request.headers.get("content-encoding", "").strip().lower() == "gzip"
        async for piece in unpacked(chunks) if packed else chunks:
            yield piece

    def _split(self, piece: bytes) -> Iterator[None]:
        """Take in a piece; yields whenever a handful is full."""
        start = 0
        while (end := piece.find(b"\n", start)) >= 0:
            self._extend(piece[start:end])
            self._end_line()
            start = end + 1
            if len(self._whole) == self._most or self._bytes >= _HANDFUL_BYTES:
                yield
        self._extend(piece[start:])

    def _extend(self, part: bytes) -> None:
        """More of the line that has not ended; of one that is too long nothing is kept."""
        if self._overlong or len(self._rest) + len(part) > self._longest:
            self._overlong = True
            self._rest.clear()
        else:
            self._rest += part

    def _end_line(self) -> None:
        self._whole.append(_too_long(self._longest) if self._overlong else bytes(self._rest))
        self._bytes += len(self._rest)
        self._rest.clear()
        self._overlong = False

    def _taken(self) -> list[Line]:
        lines, self._whole, self._bytes = self._whole, [], 0
        return lines


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)


def _too_long(limit: int) -> ApiError:
    return ApiError(
        "body_too_large",
        f"A line may have {limit:,} bytes.",
        suggestion="Upload the problem as a dataset, or raise COVERPLAN_MAX_BODY_MB.",
        limit=Limit(name="max_body_bytes", value=limit),
    )
