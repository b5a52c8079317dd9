# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Calls over HTTP, made again where that may help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from coverplan.client.answers import Model, Page, error_of, failures, items_of, parsed
from coverplan.client.errors import ConnectionFailedError, UnavailableError
from coverplan.client.patience import Patience
from coverplan.client.requests import connection, content_of, given
from coverplan.client.sync.pace import Attempt, aside, sleep

Result = TypeVar("Result")
_PIECE = 1 << 20
_PER_PAGE = 200


class Transport:
    """Connections to one service."""

    def __init__(
        self, base_url: str, api_key: str | None, patience_s: float, transport: httpx.BaseTransport | None
    ) -> None:
        self.http = httpx.Client(**connection(base_url, api_key), transport=transport)
        self._patience_s = patience_s

    def get(self, path: str, kind: type[Model], **parameters: Any) -> Model:
        """The document at a path."""
        return parsed(kind, (self.send("GET", path, params=given(parameters))).content)

    def post(
        self, path: str, kind: type[Model], body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Model:
        """What a call answers; one that creates has an idempotency key, so that it can be made again."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = {} if body is None else content_of(body)
        headers |= content.pop("headers", {})
        return parsed(kind, (self.send("POST", path, headers=headers, **content)).content)

    def pages(self, path: str, kind: type[Model], **parameters: Any) -> Iterator[Model]:
        """The items of a list; further pages are asked for as they are needed."""
        cursor: str | None = None
        while True:
            page = self.get(path, Page, **{"limit": _PER_PAGE, **parameters, "cursor": cursor})
            for item in items_of(kind, page):
                yield item
            if (cursor := page.next_cursor) is None:
                return

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A successful answer; what the service cannot do now, or does not hear, is tried again."""

        def attempt() -> httpx.Response:
            return successful(self.http.request(method, path, **request))

        return self.patiently(attempt)

    def download(self, place: str, path: Path, **parameters: Any) -> None:
        """Write an answer to a file, piece by piece."""

        def attempt() -> None:
            with self.stream(place, **parameters) as answer:
                with path.open("wb") as file:
                    for piece in answer.iter_bytes():
                        aside(file.write, piece)

        self.patiently(attempt)

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[httpx.Response]:
        """A successful answer whose body is read piece by piece."""
        with failures():
            with self.http.stream("GET", path, params=given(parameters)) as response:
                yield successful(response)

    @contextmanager
    def events(self, method: str, path: str, **request: Any) -> Iterator[Iterator[ServerSentEvent]]:
        """The events of a successful answer."""
        with failures():
            with connect_sse(self.http, method, path, **request) as source:
                successful(source.response)
                yield source.iter_sse()

    def patiently(self, attempt: Attempt[Result]) -> Result:
        """The result of an attempt, repeated as long as there is patience."""
        patience = self.patience()
        while True:
            try:
                with failures():
                    return attempt()
            except (UnavailableError, ConnectionFailedError) as error:
                sleep(patience.pause_s(error))

    def patience(self) -> Patience:
        """How long to try again."""
        return Patience(self._patience_s)


def successful(response: httpx.Response) -> httpx.Response:
    """The answer; raises AnswerError, or ConnectionFailedError for what is not the service's."""
    if not response.is_success:
        response.read()
        raise error_of(response)
    return response


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of a file."""
    while piece := aside(file.read, _PIECE):
        yield piece
