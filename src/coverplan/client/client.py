"""A thin, typed client over httpx."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse
from pydantic import BaseModel, TypeAdapter, ValidationError

from coverplan.client.errors import AnswerError, ConnectionFailedError, RefusedError, UnavailableError
from coverplan.payload.error_document import ErrorDocument
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.validation import ValidationReport

Model = TypeVar("Model", bound=BaseModel)
Document = BaseModel | Mapping[str, Any]
"""A document as a model, or as a plain mapping."""

_JSON = TypeAdapter[Any](Any)
_CONNECT_S = 10.0
_SILENCE_S = 30.0
"""The service speaks at least once a second while it solves."""
_ZIP_FROM = 100_000


class Client:
    """Talks to one service; use it as a context manager, or `close` it.

    All methods raise the exceptions of `coverplan.client.errors`.
    """

    def __init__(
        self, base_url: str = "http://127.0.0.1:8000", *, transport: httpx.BaseTransport | None = None
    ) -> None:
        timeout = httpx.Timeout(_SILENCE_S, connect=_CONNECT_S)
        self._http = httpx.Client(base_url=base_url, timeout=timeout, transport=transport, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def solve(
        self,
        problem: Problem | Document,
        policy: Policy | Document | None = None,
        options: Options | Document | None = None,
        *,
        start_plan: Plan | Document | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Plan:
        """The plan of a small problem. `on_progress` hears objective, bound and gap at least once a second."""
        body = {"problem": problem, "policy": policy, "options": options, "start_plan": start_plan}
        with _failures(), connect_sse(self._http, "POST", "/v1/solve", **_content(body)) as source:
            if not source.response.is_success:
                source.response.read()
                raise _error(source.response)
            return _plan(source.iter_sse(), on_progress)

    def validate(self, problem: Document, policy: Document | None = None) -> ValidationReport:
        """Every issue of a problem and a policy; nothing is solved."""
        return self._post("/v1/validate", ValidationReport, {"problem": problem, "policy": policy})

    def evaluate(
        self, problem: Document, policy: Document | None, assignments: Sequence[AssignmentIn | Document]
    ) -> Plan:
        """Given assignments in the shape of a plan, with every violation; nothing is solved."""
        return self._post(
            "/v1/evaluate", Plan, {"problem": problem, "policy": policy, "assignments": list(assignments)}
        )

    def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return self._http.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _post(self, path: str, kind: type[Model], body: Mapping[str, Any]) -> Model:
        with _failures():
            response = self._http.post(path, **_content(body))
            if not response.is_success:
                raise _error(response)
            return kind.model_validate_json(response.content)


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as JSON, compressed if large; what is None is left to the service's defaults."""
    data = _JSON.dump_json({name: value for name, value in body.items() if value is not None})
    headers = {"Content-Type": "application/json"}
    if len(data) >= _ZIP_FROM:
        data = gzip.compress(data, compresslevel=4)
        headers["Content-Encoding"] = "gzip"
    return {"content": data, "headers": headers}


def _plan(events: Iterator[ServerSentEvent], on_progress: Callable[[Progress], None] | None) -> Plan:
    for event in events:
        if event.event == "progress" and on_progress is not None:
            on_progress(Progress.model_validate_json(event.data))
        elif event.event == "plan":
            return Plan.model_validate_json(event.data)
        elif event.event == "error":
            raise _answer_error(ErrorDocument.model_validate_json(event.data), 0.0)
    raise ConnectionFailedError("The service hung up before the plan.")


@contextmanager
def _failures() -> Iterator[None]:
    """Other libraries' exceptions as ours."""
    try:
        yield
    except (httpx.HTTPError, SSEError) as error:
        raise ConnectionFailedError(f"{type(error).__name__}: {error}") from error
    except ValidationError as error:
        raise ConnectionFailedError("The answer is not one of this version of Coverplan.") from error


def _error(response: httpx.Response) -> AnswerError:
    retry_after = response.headers.get("retry-after", "")
    document = ErrorDocument.model_validate_json(response.content)
    return _answer_error(document, float(retry_after) if retry_after.isdecimal() else 1.0)


def _answer_error(document: ErrorDocument, retry_after_s: float) -> AnswerError:
    if document.status == httpx.codes.SERVICE_UNAVAILABLE:
        return UnavailableError(document, retry_after_s)
    return RefusedError(document) if document.status < httpx.codes.INTERNAL_SERVER_ERROR else AnswerError(document)
