"""The catalogue of issue codes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from coverplan.api.edge.caching import PUBLIC, UNCHANGED, Keeping
from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, Cursor, Limit, Page
from coverplan.payload.issues import catalogue
from coverplan.payload.service import IssueCode

router = APIRouter(prefix="/v1/issue-codes", tags=["the service"])


@router.get(
    "",
    summary="List the issue codes",
    responses={**UNCHANGED, **error_responses(422)},
    dependencies=[accepts(JSON)],
)
async def list_issue_codes(
    response: Response, kept: Keeping, limit: Limit = MAX_ITEMS, cursor: Cursor = None
) -> Page[IssueCode]:
    """The codes that validation can answer with, in alphabetical order."""
    page = Page[IssueCode].of([IssueCode.model_validate(code) for code in catalogue()], limit, cursor)
    response.headers.update(kept.headers(page.model_dump_json(), rule=PUBLIC))
    return page
