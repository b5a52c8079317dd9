"""Every failure becomes one document: problem+json, on every path and status."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from coverplan.mip.program import StoppedBy
from coverplan.payload.error_document import ERROR_KINDS, ErrorDocument, Limit
from coverplan.payload.issues import Issue, IssueReport, PayloadError
from coverplan.process.job import BusyError, ClosingError, InvalidError, JobFailedError, NoRoomError, ProcessError
from coverplan.room import passes
from coverplan.settings import redacted
from coverplan.store.blobs import BlobLostError
from coverplan.store.database import DatabaseLostError

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5
log = structlog.get_logger(__name__)
_OF_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable"}


class ApiError(Exception):
    """A call that is answered with an error; `code` is one of `ERROR_KINDS`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        suggestion: str | None = None,
        limit: Limit | None = None,
        issues: list[Issue] | None = None,
        total: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = ERROR_KINDS[code]
        self.detail = detail
        self.suggestion = suggestion
        self.limit = limit
        self.issues = issues or []
        self.total = total
        self.headers = dict(headers or {})

    def document(self, request_id: str | None) -> ErrorDocument:
        """The error as the document that is sent."""
        return ErrorDocument(
            type=f"urn:coverplan:error:{self.kind.code}",
            title=self.kind.title,
            status=self.kind.status,
            code=self.kind.code,
            detail=self.detail,
            suggestion=self.suggestion,
            limit=self.limit,
            request_id=request_id,
            errors=self.issues,
            total_errors=self.total,
        )

    def response(self, request_id: str | None) -> Response:
        """The error as the answer to a call."""
        content = self.document(request_id).model_dump_json()
        return Response(content, self.kind.status, self.headers, media_type=PROBLEM_JSON)


class ClientGoneError(Exception):
    """The client closed the connection before the answer."""


class AnsweredError(Exception):
    """A call whose answer is known without its work: it was made before, or its caller has the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered already")
        self.response = response


@singledispatch
def as_api_error(error: Exception) -> ApiError:
    """Any exception as the error that its caller may see; what is unknown stays unsaid."""
    if passes(error):
        return storage_lost("A disk of the service is full or away.")
    return ApiError("internal_error", "The log says what, under the request's id.")


@as_api_error.register
def _(error: ApiError) -> ApiError:
    return error


@as_api_error.register
def _(error: PayloadError) -> ApiError:
    return _invalid(error.report)


@as_api_error.register
def _(error: RequestValidationError) -> ApiError:
    """Pointers start with the part of the request, as in `/query/limit`."""
    report = IssueReport()
    for fault in error.errors():
        place = "".join(f"/{part}" for part in fault["loc"])
        report.add("invalid_value", place, value=fault.get("input"), reason=fault["msg"].removeprefix("Value error, "))
    return _invalid(report)


@as_api_error.register
def _(error: InvalidError) -> ApiError:
    issues = [Issue.model_validate(issue) for issue in error.errors]
    return _invalid(IssueReport(errors=issues, total_errors=error.total))


@as_api_error.register
def _(_error: BusyError) -> ApiError:
    return ApiError(
        "busy",
        "Every slot is at work and none got free in time.",
        suggestion="Try again later.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


@as_api_error.register
def _(_error: DatabaseLostError | BlobLostError) -> ApiError:
    """What the store says may name hosts and files: it stays in the log."""
    return storage_lost("The database or the blob store does not do what it is asked.")


@as_api_error.register
def _(_error: NoRoomError) -> ApiError:
    return storage_lost("The folder for temporary files is full or away.")


@as_api_error.register
def _(_error: ClosingError) -> ApiError:
    return shutting_down()


@as_api_error.register
def _(error: JobFailedError) -> ApiError:
    if error.code == StoppedBy.SHUTDOWN:
        return shutting_down()
    return ApiError(error.code if error.code in ERROR_KINDS else "internal_error", str(error))


@as_api_error.register
def _(error: HTTPException) -> ApiError:
    code = _OF_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal_error")
    return ApiError(code, f"{HTTPStatus(error.status_code).phrase}.", headers=error.headers)


def storage_lost(detail: str) -> ApiError:
    """The answer to what cannot be stored now."""
    return ApiError(
        "storage_lost",
        detail,
        suggestion="Try again later; with an Idempotency-Key nothing is created twice.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def shutting_down() -> ApiError:
    """The answer to what cannot be answered any more."""
    return ApiError(
        "shutting_down",
        "The service was asked to stop before there was an answer.",
        suggestion="Try again: with an Idempotency-Key nothing is created twice.",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _invalid(report: IssueReport) -> ApiError:
    return ApiError("invalid", report.headline, issues=report.errors, total=report.total_errors)


def answer_errors(app: FastAPI) -> None:
    """Have the app answer each of our exceptions with its document."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, DatabaseLostError | BlobLostError | NoRoomError):
            log.error("storage lost", reason=redacted(str(error)))
        told = as_api_error(error)
        if told.kind.status == HTTPStatus.METHOD_NOT_ALLOWED:
            told.headers["Allow"] = ", ".join(_methods(request))
        return told.response(getattr(request.state, "request_id", None))

    async def shrug(_request: Request, _error: Exception) -> Response:
        return Response(status_code=499)

    async def repeat(_request: Request, error: Exception) -> Response:
        assert isinstance(error, AnsweredError)
        return error.response

    ours = (ApiError, PayloadError, ProcessError, DatabaseLostError, BlobLostError)
    for kind in (*ours, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(ClientGoneError, shrug)
    app.add_exception_handler(AnsweredError, repeat)


def _methods(request: Request) -> list[str]:
    """All methods of the path that was found: the router names those of one route only."""
    routes = list(iter_route_contexts(request.app.routes))
    found = next(route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    methods = {method for route in routes if route.path == found.path for method in route.methods or ()}
    methods |= {"HEAD"} if "GET" in methods else set()
    return [method for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") if method in methods]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    return {status: _response(status) for status in (403, *statuses, 406, 500)}


def _response(status: int) -> dict[str, Any]:
    kinds = [kind for kind in ERROR_KINDS.values() if kind.status == status]
    schema = {"$ref": "#/components/schemas/ErrorDocument"}
    response: dict[str, Any] = {
        "description": ", or ".join(f"{kind.title} (`{kind.code}`)" for kind in kinds) + ".",
        "content": {PROBLEM_JSON: {"schema": schema}},
    }
    if status == 401:
        scheme = {"description": "How to authenticate.", "schema": {"type": "string"}}
        response["headers"] = {"WWW-Authenticate": scheme}
    if status in (429, 503):
        seconds = {"type": "integer", "minimum": 0}
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": seconds}}
    return response
