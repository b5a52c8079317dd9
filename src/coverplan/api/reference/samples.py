"""Examples of answers, put together from those of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coverplan.api.reference.schemas import PLACE, Schemas


class Samples:
    """Makes examples of the documents that some schemas describe; `whole` ones lack no part that may be null."""

    def __init__(self, schemas: Schemas, *, whole: bool = False) -> None:
        self._schemas = schemas
        self._whole = whole
        self._begun: list[str] = []

    def of(self, schema: Mapping[str, Any]) -> Any:
        """An example of a schema; what its own example leaves out of a document is filled in."""
        given = schema.get("examples", [None])[0]
        inner = next((part for part in schema.get("anyOf", ()) if part.get("type") != "null"), schema)
        if given is None and inner is not schema and "examples" in schema and not self._completes(inner):
            return None
        if "$ref" in inner:
            return self._part(inner, given)
        if inner.get("type") == "array" and _is_document(inner["items"]):
            return [self._part(inner["items"], item) for item in given or [None]]
        return _value(inner) if given is None else given

    def _completes(self, schema: Mapping[str, Any]) -> bool:
        """Whether a part is made although its example is null: not a plan in a plan in a plan."""
        return self._whole and "$ref" in schema and schema["$ref"] not in self._begun

    def _part(self, schema: Mapping[str, Any], given: Any) -> Any:
        if "discriminator" in schema:
            chosen = schema["discriminator"]
            place = chosen["mapping"][given[chosen["propertyName"]]] if given else schema["oneOf"][0]["$ref"]
        else:
            place = schema["$ref"]
        described = self._schemas[place.removeprefix(PLACE)]
        if "properties" not in described:
            return given
        self._begun.append(place)
        document = {name: self._field(name, field, given) for name, field in described["properties"].items()}
        self._begun.pop()
        return document

    def _field(self, name: str, field: Mapping[str, Any], given: Any) -> Any:
        """A field of a document; one that is given in part has its other fields by default."""
        if given and name in given:
            return self.of({**field, "examples": [given[name]]})
        if given and "default" in field:
            return self.of({**field, "examples": [field["default"]]})
        return None if given and _may_be_null(field) else self.of(field)


def _is_document(schema: Mapping[str, Any]) -> bool:
    return "$ref" in schema or "discriminator" in schema


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    return any(part.get("type") == "null" for part in schema.get("anyOf", ()))


def _value(schema: Mapping[str, Any]) -> Any:
    """Of a field without an example, as those have that are true or false."""
    return schema.get("const", schema.get("default", schema.get("type") == "boolean" or None))
