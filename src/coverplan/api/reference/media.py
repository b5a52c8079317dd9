"""What OpenAPI says of bodies that are no JSON document: files, lines, events, text."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from coverplan.api.media import EVENTS, NDJSON
from coverplan.api.reference.schemas import PLACE

SHOWN = "x-shown"
"""Names the file whose text is an example; it is read when the document is made."""


def file_of(media: str, description: str = "") -> dict[str, Any]:
    """A body of bytes, to be read or written as a file."""
    schema = {"type": "string", "format": "binary", "contentMediaType": media}
    return {media: {"schema": schema | ({"description": description} if description else {})}}


def lines_of(model: type[BaseModel]) -> dict[str, Any]:
    """A document a line; they may be many, so that it is a file as well."""
    content = file_of(NDJSON, f"One `{model.__name__}` a line.")
    content[NDJSON]["schema"]["contentSchema"] = _named(model)
    return content


def text_of(media: str, shown: str) -> dict[str, Any]:
    """A body of text; `shown` is a file of `openapi/examples/answers`."""
    return {media: {"schema": {"type": "string", "contentMediaType": media}, SHOWN: shown}}


def events_of(example: str, **kinds: type[BaseModel]) -> dict[str, Any]:
    """Server-sent events; by kind, the document that is their data."""
    words = ", ".join(f"`{kind}`: `{model.__name__}`" for kind, model in kinds.items())
    data = [_named(model) for model in dict.fromkeys(kinds.values())]
    schema = {
        "type": "string",
        "description": f"Events, whose data are: {words}.",
        "contentMediaType": EVENTS,
        "contentSchema": data[0] if len(data) == 1 else {"anyOf": data},
    }
    return {EVENTS: {"schema": schema, "example": example}}


def _named(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": PLACE + model.__name__}
