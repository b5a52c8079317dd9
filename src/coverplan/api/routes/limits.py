"""The limits of this service."""

from __future__ import annotations

from fastapi import APIRouter

from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.state import Configured
from coverplan.payload.issues import MAX_ISSUES
from coverplan.payload.service import Limits

router = APIRouter(prefix="/v1/limits", tags=["the service"])


@router.get("", summary="Show the limits", responses=error_responses(), dependencies=[accepts(JSON)])
async def show_limits(settings: Configured) -> Limits:
    """The limits in force."""
    known = {name: getattr(settings, name) for name in Limits.model_fields if name != "max_issues"}
    return Limits(max_issues=MAX_ISSUES, **known)
