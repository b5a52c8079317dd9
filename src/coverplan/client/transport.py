"""Calls over HTTP: the key, the errors, and trying again."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from httpx_sse import SSEError
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from coverplan.client.errors import AnswerError, ConnectionFailedError, RefusedError, UnavailableError
from coverplan.payload.error_document import ERROR_KINDS, ErrorDocument
from coverplan.payload.leniency import read_answer
from coverplan.payload.runs import RunError

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")
Document = BaseModel | Mapping[str, Any]
"""A document as a model, or as a plain mapping."""

KEY_VARIABLE = "COVERPLAN_API_KEY"
JSON = "application/json"
AS_JSON = TypeAdapter[Any](Any, config=ConfigDict(ser_json_inf_nan="constants"))
"""NaN stays what it is, and the service says where it stands: as null it would be taken for what is not known."""
_CONNECT_S = 10.0
_SILENCE_S = 30.0
"""The service speaks at least once a second while it solves, and every five seconds while one listens."""
_ZIP_FROM = 100_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 10.0
_TRY_AGAIN = {429, 503}
_GATEWAY = {429, 502, 503, 504}
"""What proxies say while the service behind them is away."""
_IN_FLIGHT = "idempotency_in_flight"


class _Page(BaseModel):
    """A page of any list."""

    items: list[Any]
    next_cursor: str | None


class Transport:
    """Connections to one service."""

    def __init__(
        self, base_url: str, api_key: str | None, patience_s: float, transport: httpx.BaseTransport | None
    ) -> None:
        key = api_key or os.environ.get(KEY_VARIABLE)
        self.http = httpx.Client(
            base_url=base_url,
            timeout=httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
            headers={"Authorization": f"Bearer {key}"} if key else None,
            transport=transport,
            trust_env=False,
        )
        self._patience_s = patience_s

    def get(self, path: str, kind: type[Model], **parameters: Any) -> Model:
        """The document at a path."""
        return parsed(kind, self.send("GET", path, params=given(parameters)))

    def post(
        self, path: str, kind: type[Model], body: Mapping[str, Any] | None = None, key: str | None = None
    ) -> Model:
        """What a call answers; one that creates has an idempotency key, so that it can be made again."""
        headers = {} if key is None else {"Idempotency-Key": key}
        content = {} if body is None else content_of(body)
        headers |= content.pop("headers", {})
        return parsed(kind, self.send("POST", path, headers=headers, **content))

    def pages(self, path: str, kind: type[Model], **parameters: Any) -> Iterator[Model]:
        """The items of a list; further pages are asked for as they are needed."""
        cursor: str | None = None
        while True:
            wanted = given({"limit": 200, **parameters, "cursor": cursor})
            page = parsed(_Page, self.send("GET", path, params=wanted))
            for item in page.items:
                with failures():
                    yield read_answer(kind, json.dumps(item))
            if (cursor := page.next_cursor) is None:
                return

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A successful answer; what the service cannot do now, or does not hear, is tried again."""

        def attempt() -> httpx.Response:
            return successful(self.http.request(method, path, **request))

        return self.patiently(attempt)

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[httpx.Response]:
        """A successful answer whose body is read piece by piece."""
        with failures(), self.http.stream("GET", path, params=given(parameters)) as response:
            yield successful(response)

    def patiently(self, attempt: Callable[[], Result]) -> Result:
        """The result of an attempt, repeated as long as there is patience."""
        patience = self.patience()
        while True:
            try:
                with failures():
                    return attempt()
            except (UnavailableError, ConnectionFailedError) as error:
                patience.spend(error)

    def patience(self) -> Patience:
        """How long to try again."""
        return Patience(self._patience_s)


class Patience:
    """Growing pauses between attempts, until they take too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Something went well."""
        self._ends, self._pause = time.monotonic() + self._seconds, _FIRST_PAUSE_S

    def spend(self, error: UnavailableError | ConnectionFailedError) -> None:
        """Pause before the next attempt; raises the error where another would not help, or patience has ended."""
        pause = self._pause * random.uniform(0.5, 1.0)
        if isinstance(error, UnavailableError):
            pause = max(pause, error.retry_after_s)
        elif not error.may_pass:
            raise error
        if time.monotonic() + pause > self._ends:
            raise error
        time.sleep(pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None: the rest is left to the service's defaults."""
    return {name: value for name, value in values.items() if value is not None}


def content_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as JSON, compressed if large."""
    data = AS_JSON.dump_json(given(body))
    headers = {"Content-Type": JSON}
    if len(data) >= _ZIP_FROM:
        data = gzip.compress(data, compresslevel=4)
        headers["Content-Encoding"] = "gzip"
    return {"content": data, "headers": headers}


def successful(response: httpx.Response) -> httpx.Response:
    """The answer; raises AnswerError, or ConnectionFailedError for what is not the service's."""
    if not response.is_success:
        response.read()
        raise _error_of(response)
    return response


def parsed(kind: type[Model], response: httpx.Response) -> Model:
    """The answer as a document."""
    with failures():
        return read_answer(kind, response.content)


@contextmanager
def failures() -> Iterator[None]:
    """Other libraries' exceptions as ours."""
    try:
        yield
    except (httpx.HTTPError, SSEError) as error:
        may_pass = not isinstance(error, httpx.UnsupportedProtocol)
        raise ConnectionFailedError(f"{type(error).__name__}: {error}", may_pass=may_pass) from error
    except ValidationError as error:
        raise ConnectionFailedError("The answer is not one of this version of Coverplan.", may_pass=False) from error


def _error_of(response: httpx.Response) -> AnswerError | ConnectionFailedError:
    """What an unsuccessful answer says."""
    retry_after = response.headers.get("retry-after", "")
    try:
        document = read_answer(ErrorDocument, response.content)
    except ValidationError:
        said = f"{response.status_code} {response.reason_phrase}, which is no answer of Coverplan."
        return ConnectionFailedError(said, may_pass=response.status_code in _GATEWAY)
    return answer_error(document, float(retry_after) if retry_after.isdecimal() else 1.0)


def answer_error(document: ErrorDocument, retry_after_s: float = 1.0) -> AnswerError:
    """An error document as an exception."""
    if document.status in _TRY_AGAIN or document.code == _IN_FLIGHT:
        return UnavailableError(document, retry_after_s)
    return RefusedError(document) if document.status < httpx.codes.INTERNAL_SERVER_ERROR else AnswerError(document)


def line_error(error: RunError) -> AnswerError:
    """What ended the reading of a batch, as an exception."""
    kind = ERROR_KINDS[error.code if error.code in ERROR_KINDS else "internal_error"]
    document = ErrorDocument(
        type=f"urn:coverplan:error:{kind.code}",
        title=kind.title,
        status=kind.status,
        code=kind.code,
        detail=error.message,
        errors=error.errors,
        total_errors=error.total_errors,
    )
    return answer_error(document)
