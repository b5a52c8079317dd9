"""Whether the service lives, and whether it can work."""

from __future__ import annotations

import os
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from coverplan.api.errors import RETRY_AFTER_S, ApiError, error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.state import Pool
from coverplan.payload.base import Document

router = APIRouter(tags=["the service"])


class Health(Document):
    """The service lives."""

    status: Literal["ok"] = Field(default="ok", description="Always `ok`.", examples=["ok"])


class Readiness(Document):
    """The service can work."""

    ready: Literal[True] = Field(default=True, description="Always true: else the answer is 503.", examples=[True])


@router.get("/healthz", summary="Does it live?", responses=error_responses(), dependencies=[accepts(JSON)])
async def healthz() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", summary="Can it work?", responses=error_responses(503), dependencies=[accepts(JSON)])
async def readyz(pool: Pool) -> Readiness:
    """All that a solve needs is there; else 503 says what is missing."""
    missing = []
    if not pool.ready:
        missing.append("a solver child (they are starting)")
    if not os.access(pool.folder, os.W_OK):
        missing.append("a folder for temporary files (COVERPLAN_WORK_DIR)")
    if missing:
        raise ApiError("not_ready", f"Missing: {', '.join(missing)}.", headers={"Retry-After": str(RETRY_AFTER_S)})
    return Readiness()
