"""Checking a problem and a policy without solving."""

from __future__ import annotations

from fastapi import APIRouter, Request

from coverplan.api.body import parsed, request_body
from coverplan.api.errors import error_responses
from coverplan.api.guard.auth import Reader
from coverplan.api.media import JSON, accepts
from coverplan.payload.checks import check
from coverplan.payload.issues import PayloadError
from coverplan.payload.reading import examine
from coverplan.payload.requests import ValidateRequest
from coverplan.payload.validation import ValidationReport

router = APIRouter(prefix="/v1/validate", tags=["solving"])

_NO_JSON = {"empty_body", "invalid_utf8", "invalid_json"}
_ANYTHING = {
    "description": "A problem and a policy as `ValidateRequest` describes them. Any JSON is taken: the answer says "
    "what is wrong with it."
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


def examined(data: bytes) -> ValidationReport:
    """All issues of a body.

    Raises:
        PayloadError: it is no JSON.
    """
    try:
        document, report, _ = examine(ValidateRequest, data)
    except PayloadError as error:
        if any(issue.code in _NO_JSON for issue in error.report.errors):
            raise
        return ValidationReport.of(error.report)
    if document is not None:
        report.extend(check(document.problem, document.policy))
    return ValidationReport.of(report)
