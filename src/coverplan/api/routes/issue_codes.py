"""The catalogue of issue codes."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, Cursor, Limit, Page
from coverplan.payload.base import Document
from coverplan.payload.issues import catalogue

router = APIRouter(prefix="/v1/issue-codes", tags=["the service"])


class IssueCode(Document):
    """One code that issues may have."""

    code: str = Field(description="The stable code.", examples=["unknown_territory"])
    severity: Literal["error", "warning"] = Field(
        description="An error stops the run, a warning does not.", examples=["error"]
    )
    entity: str | None = Field(default=None, description="What it is usually about.", examples=["account"])
    message: str = Field(description="The message, with placeholders.", examples=["Territory {value} does not exist."])
    suggestion: str | None = Field(default=None, description="The usual way out.", examples=["Make the ids unique."])


@router.get("", summary="List the issue codes", responses=error_responses(422), dependencies=[accepts(JSON)])
async def list_issue_codes(limit: Limit = MAX_ITEMS, cursor: Cursor = None) -> Page[IssueCode]:
    """The codes that validation can answer with, in alphabetical order."""
    return Page[IssueCode].of([IssueCode.model_validate(code) for code in catalogue()], limit, cursor)
