"""The one way in for bodies: bytes, bounded, unpacked, parsed and checked off the event loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from coverplan.api.errors import ApiError, ClientGoneError
from coverplan.api.gunzip import Gunzip
from coverplan.api.media import JSON
from coverplan.payload.assignment_checks import check_assignments
from coverplan.payload.canonical import canonical
from coverplan.payload.checks import check_references
from coverplan.payload.error_document import Limit
from coverplan.payload.reading import read_document
from coverplan.payload.requests import EvaluateRequest, SolveRequest
from coverplan.payload.run_checks import check_run
from coverplan.payload.runs import RunRequest
from coverplan.settings import Settings

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")
_PARSERS = 4
"""Small bodies that are parsed at the same time; large ones wait for each other, as each may take 200 MB."""
_LARGE = 500_000
_ELSEWHERE = "Upload the problem as tables to /v1/datasets and name it in /v1/runs, or have the operator raise"

if TYPE_CHECKING:
    Parsed = Annotated[Model, "the body"]
else:

    class Parsed:
        """`Parsed[Model]` as a parameter of a route: the body as a valid document of that model."""

        def __class_getitem__(cls, model: type[Model]) -> Any:
            return Annotated[model, Depends(_reader(model))]


def body_of(model: type[BaseModel], **examples: str) -> dict[str, Any]:
    """What `openapi_extra` says of a body: its model, and example files by name with a summary."""
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": request_body(schema, examples)}


def request_body(schema: dict[str, Any], examples: dict[str, str]) -> dict[str, Any]:
    """The description of a JSON body; the examples' values are filled in from `openapi/examples`."""
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = {name: {"summary": summary} for name, summary in examples.items()}
    return {"required": True, "content": {JSON: content}}


async def read_body(request: Request) -> bytes:
    """The body, decompressed.

    Raises:
        ApiError: the wrong media type or encoding, too large, or too slow.
    """
    check_headers(request)
    settings: Settings = request.app.state.settings
    parsers: Parsers = request.app.state.parsers
    try:
        async with asyncio.timeout(settings.body_timeout_s):
            data = await _receive(request, settings.max_body_bytes)
    except TimeoutError:
        raise ApiError(
            "body_timeout",
            f"The body must arrive within {settings.body_timeout_s:g} s.",
            suggestion="Compress it with gzip.",
        ) from None
    except ClientDisconnect:
        raise ClientGoneError from None
    if request.headers.get("content-encoding", "").strip().lower() == "gzip":
        packed = data
        data = await parsers.run(lambda: _unzip(packed, settings.max_body_bytes), len(packed))
    if len(data) > settings.max_body_values:
        await parsers.run(lambda: count_values(data, settings.max_body_values), len(data))
    wants_digest = "idempotency-key" in request.headers
    request.state.body_digest = await parsers.run(lambda: Digest.of(data), len(data)) if wants_digest else NO_DIGEST
    return data


@dataclass(frozen=True)
class Digest:
    """SHA-256 of a body, and of the JSON that it is, however it is written; empty where there is none."""

    raw: str = ""
    content: str = ""

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Of a body of bounded size; parses it."""
        content = canonical(data)
        return cls(_sha256(data), "" if content is None else _sha256(content))


NO_DIGEST = Digest()


class Parsers:
    """The places for unpacking, parsing and checking, off the event loop.

    They have threads of their own: the database is asked by others, which no body keeps busy.
    """

    def __init__(self) -> None:
        self._small = asyncio.Semaphore(_PARSERS)
        self._large = asyncio.Semaphore(1)
        self._threads = ThreadPoolExecutor(_PARSERS + 1, "parser")

    async def parse(self, parse: Callable[[bytes], Model], data: bytes) -> Model:
        """What `parse` makes of the data, in a thread."""
        return await self.run(lambda: parse(data), len(data))

    async def run(self, work: Callable[[], Result], size: int) -> Result:
        """What is made of so many bytes, in a thread."""
        async with self._large if size > _LARGE else self._small:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def parsed(request: Request, parse: Callable[[bytes], Model]) -> Model:
    """The body of the request, parsed."""
    data = await read_body(request)
    parsers: Parsers = request.app.state.parsers
    return await parsers.parse(parse, data)


def _reader(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    async def read(request: Request) -> Model:
        return await parsed(request, lambda data: checked(model, data))

    return read


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def checked(model: type[Model], data: bytes) -> Model:
    """The document, read and checked; raises PayloadError."""
    document = read_document(model, data)
    if isinstance(document, SolveRequest | EvaluateRequest):
        report = check_references(document.problem, document.policy)
        if isinstance(document, EvaluateRequest):
            check_assignments(report, document.problem, document.assignments, "/assignments")
        report.raise_errors()
    elif isinstance(document, RunRequest):
        check_run(document).raise_errors()
    return document


def check_headers(request: Request, wanted: str = JSON) -> None:
    """Raise ApiError unless the body has the wanted media type, and an encoding that is taken."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != wanted:
        raise ApiError(
            "unsupported_media_type",
            f"The Content-Type is {media_type[:100] or 'missing'}.",
            suggestion=f"Send the body with Content-Type: {wanted}.",
            headers={"Accept": wanted},
        )
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise ApiError(
            "unsupported_encoding",
            f"The Content-Encoding is {encoding[:100]}.",
            suggestion="Compress with gzip, or not at all.",
            headers={"Accept-Encoding": "gzip"},
        )


async def _receive(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _unzip(data: bytes, limit: int) -> bytes:
    """The content of gzip members; stops as soon as it is too large."""
    gunzip, parts, size = Gunzip(), [], 0
    for piece in gunzip.pieces(data):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        parts.append(piece)
    if data:
        gunzip.end()
    return b"".join(parts)


def count_values(data: bytes, limit: int) -> None:
    """Raise ApiError if the parsed form would have too many parts."""
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > limit:
        raise ApiError(
            "body_too_large",
            f"A body may have {limit:,} commas and opening brackets.",
            suggestion=f"{_ELSEWHERE} COVERPLAN_MAX_BODY_VALUES.",
            limit=Limit(name="max_body_values", value=limit),
        )


def _too_large(limit: int) -> ApiError:
    return ApiError(
        "body_too_large",
        f"A body may have {limit:,} bytes, counted after decompression.",
        suggestion=f"{_ELSEWHERE} COVERPLAN_MAX_BODY_MB.",
        limit=Limit(name="max_body_bytes", value=limit),
    )
