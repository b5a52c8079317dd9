"""Solving a small problem while the caller waits."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.disconnect import unless_gone
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.guard.auth import Writer, until_refused
from coverplan.api.media import EVENTS, JSON, accepts, chosen
from coverplan.api.reference.media import events_of
from coverplan.api.state import Configured, Pool
from coverplan.api.streaming.solves import News, SolveEvents
from coverplan.payload.error_document import ErrorDocument, Limit
from coverplan.payload.issues import IssueReport
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.requests import SolveRequest
from coverplan.process.job import Job
from coverplan.settings import Settings

router = APIRouter(prefix="/v1/solve", tags=["solving"])

_EVENTS: dict[str, Any] = {
    "description": "The plan; or, as events, `progress` at least once a second, then one `plan` or `error`.",
    "content": events_of(
        'event: progress\ndata: {"t": 0.1, "objective_value": 1240000.0, "dual_bound": null, "gap": null, '
        '"phase": "search"}\n\n',
        progress=Progress,
        plan=Plan,
        error=ErrorDocument,
    ),
}


@router.post(
    "",
    summary="Solve a small problem",
    response_model=Plan,
    responses={200: _EVENTS, **error_responses(408, 413, 415, 422, 503)},
    openapi_extra=body_of(
        SolveRequest,
        minimal="The smallest problem",
        small="A small team with a policy",
        every_constraint_kind="All fifteen constraint kinds",
        infeasible="Rules that no plan can keep",
    ),
    dependencies=[accepts(JSON, EVENTS)],
)
async def solve(body: Parsed[SolveRequest], request: Request, pool: Pool, settings: Configured, _: Writer) -> Response:
    """Answer with the best plan found within the time limit; infeasible is an answer, too. Hang up to stop it."""
    job = Job.solve(body, large=_admitted_size(body, settings) > settings.small_account_reps)
    if chosen(request, JSON, EVENTS) == EVENTS:
        news: News = News()
        run = await unless_gone(request, pool.submit(job, news.put_nowait))
        return SolveEvents(run, news, until_refused(request), request.app.state.closing)
    return Response(await unless_gone(request, pool.run(job)), media_type=JSON)


def _admitted_size(body: SolveRequest, settings: Settings) -> int:
    """Accounts x reps of the problem.

    Raises:
        ApiError: the problem is too large to wait for.
        PayloadError: its time limit is too long to wait for.
    """
    accounts = len(body.problem.accounts)
    size = accounts * len(body.problem.reps)
    for name, value, words in (
        ("max_accounts", accounts, "accounts"),
        ("max_account_reps", size, "accounts x reps"),
    ):
        limit = getattr(settings, name)
        if value > limit:
            raise ApiError(
                "problem_too_large",
                f"{value:,} {words}; a synchronous solve takes at most {limit:,}.",
                suggestion=f"Submit it to /v1/runs, or have the operator raise COVERPLAN_{name.upper()}.",
                limit=Limit(name=name, value=limit),
            )
    report = IssueReport()
    if body.options.time_limit_s > settings.max_time_limit_s:
        report.add(
            "out_of_range",
            "/options/time_limit_s",
            value=body.options.time_limit_s,
            bound=f"at most {settings.max_time_limit_s:g} when the caller waits",
            suggestion="Submit it to /v1/runs, or have the operator raise COVERPLAN_MAX_TIME_LIMIT_S.",
        )
    report.raise_errors()
    return size
