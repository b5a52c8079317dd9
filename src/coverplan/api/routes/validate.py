"""Checking a problem and a policy without solving."""

from __future__ import annotations

from fastapi import APIRouter, Request

from coverplan.api.body import parsed, request_body
from coverplan.api.errors import error_responses
from coverplan.api.guard.auth import Reader
from coverplan.api.media import JSON, accepts
from coverplan.payload.examination import examined
from coverplan.payload.validation import ValidationReport

router = APIRouter(prefix="/v1/validate", tags=["solving"])

_ANYTHING = {
    "description": "A problem and a policy. Any JSON is taken: the answer says what is wrong with it.",
    "anyOf": [
        {"$ref": "#/components/schemas/ValidateRequest"},
        {"type": "object"},
        {"type": "array", "items": {}},
        *({"type": name} for name in ("string", "number", "boolean", "null")),
    ],
}


@router.post(
    "",
    summary="Check a problem and a policy",
    responses=error_responses(408, 413, 415, 422),
    openapi_extra={
        "requestBody": request_body(
            _ANYTHING, {"minimal": "A valid problem", "validate_with_errors": "A problem with errors"}
        )
    },
    dependencies=[accepts(JSON)],
)
async def validate(request: Request, _: Reader) -> ValidationReport:
    """Answer with every issue, and with what no plan can meet; 200 for whatever parses as JSON. Nothing is solved."""
    return await parsed(request, examined)
