"""From the body of a validation to its answer, whatever is wrong with it."""

from __future__ import annotations

from coverplan.payload.checks import check
from coverplan.payload.issues import PayloadError
from coverplan.payload.reading import examine
from coverplan.payload.requests import ValidateRequest
from coverplan.payload.validation import ValidationReport

_NO_JSON = {"empty_body", "invalid_utf8", "invalid_json"}


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
