"""Measuring given assignments."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.disconnect import unless_gone
from coverplan.api.errors import error_responses
from coverplan.api.guard.auth import Writer
from coverplan.api.media import JSON, accepts
from coverplan.api.state import Pool
from coverplan.payload.plan import Plan
from coverplan.payload.requests import EvaluateRequest
from coverplan.process.job import Job

router = APIRouter(prefix="/v1/evaluate", tags=["solving"])


@router.post(
    "",
    summary="Measure given assignments",
    response_model=Plan,
    responses=error_responses(408, 413, 415, 422, 503),
    openapi_extra=body_of(EvaluateRequest, evaluate="Assignments that break the capacity"),
    dependencies=[accepts(JSON)],
)
async def evaluate(body: Parsed[EvaluateRequest], request: Request, pool: Pool, _: Writer) -> Response:
    """Answer in the shape of a plan, with every violation; nothing is solved."""
    return Response(await unless_gone(request, pool.run(Job.evaluate(body))), media_type=JSON)
