"""Calls over HTTP, made again where that may help."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse

from coverplan.client.aio.pace import Attempt, aside, sleep
from coverplan.client.answers import Model, Page, error_of, failures, items_of, parsed
from coverplan.client.errors import ConnectionFailedError, UnavailableError
from coverplan.client.patience import Patience
from coverplan.client.requests import connection, content_of, given

Result = TypeVar("Result")
_PIECE = 1 << 20
_PER_PAGE = 200


class Transport:
    """Connections to one service."""

    def __init__(
        self, base_url: str, api_key: str | None, patience_s: float, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self.http = httpx.AsyncClient(**connection(base_url, api_key), transport=transport)
        self._patience_s = patience_s

    async def get(self, path: str, kind: type[Model], **parameters: Any) -> Model:
        """The document at a path."""
        return parsed(kind, (await self.send("GET", path, params=given(parameters))).content)

    async def post(
        self, path: str, kind: type[Model], body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Model:
        """What a call answers; one that creates has an idempotency key, so that it can be made again."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = {} if body is None else content_of(body)
        headers |= content.pop("headers", {})
        return parsed(kind, (await self.send("POST", path, headers=headers, **content)).content)

    async def pages(self, path: str, kind: type[Model], **parameters: Any) -> AsyncIterator[Model]:
        """The items of a list; further pages are asked for as they are needed."""
        cursor: str | None = None
        while True:
            page = await self.get(path, Page, **{"limit": _PER_PAGE, **parameters, "cursor": cursor})
            for item in items_of(kind, page):
                yield item
            if (cursor := page.next_cursor) is None:
                return

    async def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A successful answer; what the service cannot do now, or does not hear, is tried again."""

        async def attempt() -> httpx.Response:
            return await successful(await self.http.request(method, path, **request))

        return await self.patiently(attempt)

    async def download(self, place: str, path: Path, **parameters: Any) -> None:
        """Write an answer to a file, piece by piece."""

        async def attempt() -> None:
            async with self.stream(place, **parameters) as answer:
                with path.open("wb") as file:
                    async for piece in answer.aiter_bytes():
                        await aside(file.write, piece)

        await self.patiently(attempt)

    @asynccontextmanager
    async def stream(self, path: str, **parameters: Any) -> AsyncIterator[httpx.Response]:
        """A successful answer whose body is read piece by piece."""
        with failures():
            async with self.http.stream("GET", path, params=given(parameters)) as response:
                yield await successful(response)

    @asynccontextmanager
    async def events(self, method: str, path: str, **request: Any) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
        """The events of a successful answer."""
        with failures():
            async with aconnect_sse(self.http, method, path, **request) as source:
                await successful(source.response)
                yield source.aiter_sse()

    async def patiently(self, attempt: Attempt[Result]) -> Result:
        """The result of an attempt, repeated as long as there is patience."""
        patience = self.patience()
        while True:
            try:
                with failures():
                    return await attempt()
            except (UnavailableError, ConnectionFailedError) as error:
                await sleep(patience.pause_s(error))

    def patience(self) -> Patience:
        """How long to try again."""
        return Patience(self._patience_s)


async def successful(response: httpx.Response) -> httpx.Response:
    """The answer; raises AnswerError, or ConnectionFailedError for what is not the service's."""
    if not response.is_success:
        await response.aread()
        raise error_of(response)
    return response


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """What is left of a file."""
    while piece := await aside(file.read, _PIECE):
        yield piece
