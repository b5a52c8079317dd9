"""A thin, typed client over httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

import httpx
from httpx_sse import ServerSentEvent

from coverplan.client.aio.batches import Batches
from coverplan.client.aio.datasets import Datasets
from coverplan.client.aio.experiments import Experiments
from coverplan.client.aio.keys import Keys
from coverplan.client.aio.policies import Policies
from coverplan.client.aio.runs import Runs
from coverplan.client.aio.transport import Transport
from coverplan.client.aio.webhooks import Webhooks
from coverplan.client.answers import answer_error, parsed
from coverplan.client.errors import ConnectionFailedError
from coverplan.client.requests import Document, content_of
from coverplan.payload.error_document import ErrorDocument
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.service import ConstraintKind, IssueCode, Limits
from coverplan.payload.validation import ValidationReport

PATIENCE_S = 60.0


class AsyncClient:
    """Talks to one service; use it in an `async with`, or `aclose` it.

    What the service cannot do now (503, 429), and what does not reach it, is tried again for `patience_s`, after the
    pause that it asks for; calls that create carry an idempotency key, so that nothing is created twice. The API key
    is `api_key`, else the environment variable COVERPLAN_API_KEY. All methods raise the exceptions of
    `coverplan.client.errors`. What they answer may have fields, and words, that this version does not know.
    """

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        *,
        api_key: str | None = None,
        patience_s: float = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._transport = Transport(base_url, api_key, patience_s, transport)
        self.runs = Runs(self._transport)
        self.batches = Batches(self._transport)
        self.experiments = Experiments(self._transport)
        self.datasets = Datasets(self._transport)
        self.policies = Policies(self._transport)
        self.keys = Keys(self._transport)
        self.webhooks = Webhooks(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.http.aclose()

    async def solve(
        self,
        problem: Problem | Document,
        policy: Policy | Document | None = None,
        options: Options | Document | None = None,
        *,
        start_plan: Plan | Document | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Plan:
        """The plan of a small problem. `on_progress` hears objective, bound and gap at least once a second."""
        content = content_of({"problem": problem, "policy": policy, "options": options, "start_plan": start_plan})

        async def attempt() -> Plan:
            async with self._transport.events("POST", "/v1/solve", **content) as events:
                return await _plan(events, on_progress)

        return await self._transport.patiently(attempt)

    async def validate(self, problem: Document, policy: Document | None = None) -> ValidationReport:
        """Every issue of a problem and a policy; nothing is solved."""
        return await self._transport.post("/v1/validate", ValidationReport, {"problem": problem, "policy": policy})

    async def evaluate(
        self, problem: Document, policy: Document | None, assignments: Sequence[AssignmentIn | Document]
    ) -> Plan:
        """Given assignments in the shape of a plan, with every violation; nothing is solved."""
        body = {"problem": problem, "policy": policy, "assignments": list(assignments)}
        return await self._transport.post("/v1/evaluate", Plan, body)

    async def limits(self) -> Limits:
        """What the service takes."""
        return await self._transport.get("/v1/limits", Limits)

    def issue_codes(self) -> AsyncIterator[IssueCode]:
        """The codes that issues may have."""
        return self._transport.pages("/v1/issue-codes", IssueCode)

    def constraint_kinds(self) -> AsyncIterator[ConstraintKind]:
        """The kinds of rules that a policy may have, each with its parameters."""
        return self._transport.pages("/v1/constraint-kinds", ConstraintKind)

    async def ready(self) -> bool:
        """Whether the service can work."""
        try:
            return (await self._transport.http.get("/readyz")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


async def _plan(events: AsyncIterator[ServerSentEvent], on_progress: Callable[[Progress], None] | None) -> Plan:
    async for event in events:
        if event.event == "progress" and on_progress is not None:
            on_progress(parsed(Progress, event.data))
        elif event.event == "plan":
            return parsed(Plan, event.data)
        elif event.event == "error":
            raise answer_error(parsed(ErrorDocument, event.data), 0.0)
    raise ConnectionFailedError("The service hung up before the plan.")
