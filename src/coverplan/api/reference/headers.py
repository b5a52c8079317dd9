"""Headers of answers, described once."""

from __future__ import annotations

from typing import Any

from coverplan.api.idempotency import HEADER, REPLAYED_HEADER

_TEXT, _COUNT = {"type": "string"}, {"type": "integer", "minimum": 0}
_EVERYWHERE = {"X-Request-ID": "Id of the request, as in the log; a caller's own is kept."}
_RATE_LIMIT = {
    "RateLimit-Limit": "Calls a minute of the key, in each process of the service. Absent where it runs open.",
    "RateLimit-Remaining": "Calls that the key could make at once.",
    "RateLimit-Reset": "Seconds until another call may be made, where none remains; else until a minute's calls may.",
}
_KEPT = {
    "ETag": "What to send as `If-None-Match`, to be answered with 304 while it is the same.",
    "Cache-Control": "Who may keep it, and whether to ask before it is used again.",
}
_REPLAYED = {REPLAYED_HEADER: "`true`: the call had been made before under its key, and created nothing; absent else."}
HEADERS: dict[str, Any] = {
    name: {"description": words, "schema": _COUNT if name in _RATE_LIMIT else _TEXT}
    for name, words in (_EVERYWHERE | _RATE_LIMIT | _KEPT | _REPLAYED).items()
}
"""Those that many answers have, as components of the document."""


def describe_headers(operation: dict[str, Any]) -> None:
    """Have the answers of an operation refer to the headers that they have."""
    is_kept = "304" in operation["responses"]
    takes_key = any(parameter["name"] == HEADER for parameter in operation.get("parameters", []))
    for status, response in operation["responses"].items():
        names = [*_EVERYWHERE]
        if operation.get("security") and (status.startswith("2") or status == "429"):
            names += _RATE_LIMIT
        if is_kept and status in ("200", "304"):
            names += _KEPT
        if takes_key and status.startswith("2"):
            names += _REPLAYED
        response.setdefault("headers", {}).update({name: {"$ref": f"#/components/headers/{name}"} for name in names})
