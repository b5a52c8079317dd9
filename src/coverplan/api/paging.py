"""Lists: at most 200 items a page, and a cursor to the next."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import Field

from coverplan.payload.base import Document
from coverplan.payload.issues import IssueReport

MAX_ITEMS = 200
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="Most items to answer with.")]
Cursor = Annotated[
    str | None, Query(pattern="^[0-9]{1,9}$", description="`next_cursor` of the page before; absent: the first page.")
]
IdCursor = Annotated[
    str | None,
    Query(
        alias="cursor",
        pattern="^[a-z]{2,8}-[0-9a-f]{28}$",
        description="`next_cursor` of the page before; absent: the first page.",
    ),
]
"""The cursor of a list that grows meanwhile: the id that came last."""
Mark = Annotated[
    str | None,
    Query(
        alias="cursor",
        pattern="^[A-Za-z0-9_-]{2,1200}$",
        description="`next_cursor` of the page before; absent: the first page.",
    ),
]
"""The cursor of a list that grows meanwhile: says which item came last."""


def mark_of(last: str) -> str:
    """The cursor after an item."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def marked(mark: str) -> str:
    """The item before the page that a cursor points at; raises PayloadError where it is none of ours."""
    try:
        last = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
    except ValueError:
        last = "\0"
    if _CONTROLS.search(last):
        report = IssueReport()
        report.add("invalid_value", "/query/cursor", value=mark, reason="The cursor is none of this service's.")
        report.raise_errors()
    return last


class Page(Document, Generic[Item]):
    """A page of a list."""

    items: list[Item] = Field(description="The items.")
    next_cursor: str | None = Field(
        default=None, description="Cursor of the next page; null: this is the last.", examples=[None]
    )

    @classmethod
    def of(cls, items: Sequence[Item], limit: int, cursor: str | None) -> Page[Item]:
        """The page that the cursor points at."""
        start = int(cursor or 0)
        end = start + limit
        return cls(items=list(items[start:end]), next_cursor=str(end) if end < len(items) else None)
