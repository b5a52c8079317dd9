"""Media types, and which of them a client accepts."""

from __future__ import annotations

from fastapi import Request
from fastapi.params import Depends as Dependency

from coverplan.api.errors import ApiError

JSON = "application/json"
EVENTS = "text/event-stream"
TEXT = "text/plain"
NDJSON, CSV, PARQUET, HTML = "application/x-ndjson", "text/csv", "application/vnd.apache.parquet", "text/html"


def accepts(*offers: str) -> Dependency:
    """A dependency of a route: 406 unless the client accepts one of the offers."""

    async def examine(request: Request) -> None:
        chosen(request, *offers)

    return Dependency(examine)


def chosen(request: Request, *offers: str) -> str:
    """The offer that the client likes best; the first of equals.

    Raises:
        ApiError: it accepts none.
    """
    header = ",".join(request.headers.getlist("accept")) or "*/*"
    best = max(offers, key=lambda offer: _quality(header, offer))
    if _quality(header, best) <= 0:
        raise ApiError(
            "not_acceptable",
            f"The answer would be {' or '.join(offers)}.",
            suggestion=f"Send Accept: {offers[0]}.",
        )
    return best


def refuses(header: str, coding: str) -> bool:
    """Whether an Accept-Encoding header says that it does not take the coding."""
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if name == coding and _weight(parameters) <= 0:
            return True
    return False


def _quality(header: str, offer: str) -> float:
    """How much the header likes a media type; the most specific range counts."""
    found, specificity = 0.0, -1
    for item in header.split(","):
        media_range, *parameters = (part.strip().lower() for part in item.split(";"))
        rank = _match(media_range, offer)
        if rank > specificity:
            found, specificity = _weight(parameters), rank
    return found


def _match(media_range: str, offer: str) -> int:
    if media_range == offer:
        return 2
    if media_range == offer.split("/", maxsplit=1)[0] + "/*":
        return 1
    return 0 if media_range == "*/*" else -1


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
