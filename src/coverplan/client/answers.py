"""What is received: documents, errors, events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from httpx_sse import ServerSentEvent, SSEError
from pydantic import BaseModel, ValidationError

from coverplan.client.errors import AnswerError, ConnectionFailedError, RefusedError, UnavailableError
from coverplan.payload.error_document import ERROR_KINDS, ErrorDocument
from coverplan.payload.leniency import read_answer
from coverplan.payload.runs import RunError, RunNews

Model = TypeVar("Model", bound=BaseModel)
_TRY_AGAIN = {429, 503}
_GATEWAY = {429, 502, 503, 504}
"""What proxies say while the service behind them is away."""
_IN_FLIGHT = "idempotency_in_flight"


class Page(BaseModel):
    """A page of any list."""

    items: list[Any]
    next_cursor: str | None


class RunEvent(RunNews):
    """Something that happened to a run."""

    number: int
    kind: str
    """`queued`, `started`, `progress` or `ended`."""


def parsed(kind: type[Model], content: str | bytes) -> Model:
    """The answer as a document."""
    with failures():
        return read_answer(kind, content)


def items_of(kind: type[Model], page: Page) -> Iterator[Model]:
    """The items of a page as documents."""
    for item in page.items:
        yield parsed(kind, json.dumps(item))


def run_event(event: ServerSentEvent) -> RunEvent:
    """An event of a run."""
    data = {**json.loads(event.data), "kind": event.event, "number": int(event.id)}
    return parsed(RunEvent, json.dumps(data))


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


def error_of(response: httpx.Response) -> AnswerError | ConnectionFailedError:
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
