"""What generators of clients and linters stumble over, said in a way that they understand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_ONE = ("items", "additionalProperties", "not")


def mark_units(schemas: Mapping[str, Any]) -> None:
    """Say units as an extension, which is what OpenAPI has for words of one's own."""
    for part in _parts(schemas.values()):
        if isinstance(part.get("unit"), str):
            part["x-unit"] = part.pop("unit")


def unnull(parameters: list[dict[str, Any]]) -> None:
    """Say that optional parameters may be left out, not that they may be null: no query and no header can be."""
    for parameter in parameters:
        options = [part for part in parameter["schema"].pop("anyOf", []) if part.get("type") != "null"]
        if len(options) == 1:
            parameter["schema"] |= options[0]
        elif options:
            parameter["schema"]["anyOf"] = options


def _parts(schemas: Any) -> Iterator[dict[str, Any]]:
    """These schemas and those inside of them."""
    for schema in schemas:
        if isinstance(schema, dict):
            yield schema
            yield from _parts(schema.get("properties", {}).values())
            yield from _parts(part for name in _MANY for part in schema.get(name, ()))
            yield from _parts(schema.get(name) for name in _ONE)
