"""Whether the service lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter, Request

from coverplan.api.errors import RETRY_AFTER_S, ApiError, error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.readiness import missing
from coverplan.payload.service import Health, Readiness

router = APIRouter(tags=["the service"])


@router.get("/healthz", summary="Does it live?", responses=error_responses(), dependencies=[accepts(JSON)])
async def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", summary="Can it work?", responses=error_responses(503), dependencies=[accepts(JSON)])
async def readyz(request: Request) -> Readiness:
    """All that an answer needs is there; else 503 says what is missing."""
    needed, other = await missing(request.app.state.checks)
    if needed:
        raise ApiError(
            "not_ready", f"Missing: {', '.join((*needed, *other))}.", headers={"Retry-After": str(RETRY_AFTER_S)}
        )
    return Readiness(missing=other)
