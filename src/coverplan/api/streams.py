"""Bodies that are read as they come: piece by piece, unpacked on the way, never held as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from coverplan.api.closing import Closing
from coverplan.api.errors import ApiError, ClientGoneError, shutting_down
from coverplan.api.guard.auth import while_admitted
from coverplan.api.gunzip import Gunzip

MAX_RATIO = 250
"""Bytes that one compressed byte may stand for, once there are many: text does not shrink further by itself."""
_MANY = 8 << 20


def received(request: Request, patience_s: float) -> AsyncIterator[bytes]:
    """The body as it arrives, from a caller who would still be let in.

    Raises:
        ApiError: nothing arrives any more, the caller's key was revoked, or the service stops.
        ClientGoneError: the connection was cut off.
    """
    return while_admitted(request, _arriving(request, patience_s))


async def _arriving(request: Request, patience_s: float) -> AsyncIterator[bytes]:
    stream = aiter(request.stream())
    closing: Closing = request.app.state.closing
    try:
        while True:
            async with closing.patience(patience_s):
                chunk = await anext(stream)
            if chunk:
                yield chunk
    except StopAsyncIteration:
        return
    except TimeoutError:
        if closing.begun:
            raise shutting_down() from None
        raise ApiError("body_timeout", f"Nothing of the body arrived for {patience_s:g} s.") from None
    except ClientDisconnect:
        raise ClientGoneError from None


async def unpacked(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of gzip members, at most a megabyte at a time.

    Raises:
        ApiError: it is no whole gzip data, or a bomb.
    """
    gunzip, size = Gunzip(), 0
    async for chunk in chunks:
        for piece in gunzip.pieces(chunk):
            size += len(piece)
            if size > max(_MANY, gunzip.packed * MAX_RATIO):
                raise ApiError("body_too_large", f"It unpacks to more than {MAX_RATIO} times its size.")
            if piece:
                yield piece
            await asyncio.sleep(0)
    gunzip.end()
