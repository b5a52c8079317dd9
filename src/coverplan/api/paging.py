"""Lists: at most 200 items a page, and a cursor to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import Field

from coverplan.payload.base import Document

MAX_ITEMS = 200

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=MAX_ITEMS, description="Most items to answer with.")]
Cursor = Annotated[
    str | None, Query(pattern="^[0-9]{1,9}$", description="`next_cursor` of the page before; absent: the first page.")
]


def _after(prefix: str) -> Any:
    """The cursor of a list that grows meanwhile: the id that came last. That of another list is refused.

    It is a place in the list and not in what a filter leaves of it: so it may be used with other filters.
    """
    words = "`next_cursor` of the page before, also where its filters were others; absent: the first page."
    return Query(alias="cursor", pattern=f"^{prefix}-[0-9a-f]{{28}}$", description=words)


RunCursor = Annotated[str | None, _after("run")]
BatchCursor = Annotated[str | None, _after("batch")]
DatasetCursor = Annotated[str | None, _after("ds")]
ExperimentCursor = Annotated[str | None, _after("exp")]
WebhookCursor = Annotated[str | None, _after("wh")]
DeliveryCursor = Annotated[str | None, _after("del")]
KeyCursor = Annotated[str | None, _after("key")]
AuditCursor = Annotated[str | None, _after("aud")]
Mark = Annotated[
    str | None,
    Query(
        alias="cursor",
        pattern="^([0-9a-f]{2}){1,800}$",
        description="`next_cursor` of the page before; absent: the first page.",
    ),
]
"""The cursor of a list by name: the name that came last, in hexadecimal."""


def mark_of(last: str) -> str:
    """The cursor after an item."""
    return last.encode().hex()


def marked(mark: str) -> str:
    """The item before the page that a cursor points at; one that nobody gave out points at some page, too."""
    return bytes.fromhex(mark).decode(errors="replace").replace("\0", "")


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
