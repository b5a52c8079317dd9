"""What a column may hold: read from the schema of the documents, so that tables and documents allow the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel

from coverplan.payload.problem import Account, Fit, Manager, Pair, Rep, Territory

MODELS: dict[str, type[BaseModel]] = {
    "territories": Territory,
    "managers": Manager,
    "reps": Rep,
    "accounts": Account,
    "fit": Fit,
    "pairs": Pair,
}
"""The tables of a book, those that others refer to first."""

Kind = Literal["text", "number", "flag", "choice", "date", "list", "object"]

LOCATION = ("lat", "lon")
HOLDER = {"current_rep_id": "rep_id", "current_role": "role", "current_since": "since"}
"""Flat columns of `current`, and the fields that they stand for."""

_TYPES: dict[Kind, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "choice": pl.String(),
    "date": pl.Date(),
}


@dataclass(frozen=True, eq=False)
class Field:
    """One field of a document."""

    name: str
    kind: Kind
    required: bool = False
    default: Any = None
    least: float | None = None
    most: float | None = None
    shortest: int = 0
    longest: int | None = None
    """Characters of a text, entries of a list."""
    plain: bool = False
    """Whether control characters are refused."""
    choices: tuple[str, ...] = ()
    item: Field | None = None
    """What a list holds."""
    parts: tuple[Field, ...] = ()
    """What an object holds."""

    @property
    def dtype(self) -> pl.DataType:
        """The column's type once it is checked."""
        if self.item is not None:
            return pl.List(self.item.dtype)
        if self.parts:
            return pl.Struct([pl.Field(part.name, part.dtype) for part in self.parts])
        return _TYPES[self.kind]


@cache
def fields_of(table: str) -> dict[str, Field]:
    """The fields of a table's document, by name."""
    schema = MODELS[table].model_json_schema()
    return {field.name: field for field in _fields(schema, schema.get("$defs", {}))}


@cache
def columns_of(table: str) -> tuple[str, ...]:
    """Every column that a table may have, flat ones included."""
    names = fields_of(table)
    flat = (LOCATION if "location" in names else ()) + (tuple(HOLDER) if "current" in names else ())
    return (*names, *flat)


def _fields(schema: Mapping[str, Any], shared: Mapping[str, Any]) -> tuple[Field, ...]:
    required = schema.get("required", ())
    return tuple(_field(name, part, shared, name in required) for name, part in schema["properties"].items())


def _field(name: str, schema: Mapping[str, Any], shared: Mapping[str, Any], required: bool = False) -> Field:
    default, facts = schema.get("default"), schema
    if "anyOf" in facts:
        facts = next(option for option in facts["anyOf"] if option.get("type") != "null")
    if "$ref" in facts:
        facts = shared[facts["$ref"].rpartition("/")[2]]
    kind = facts["type"]
    if kind == "array":
        item = _field(name, facts["items"], shared)
        return Field(name, "list", required, longest=facts.get("maxItems"), item=item)
    if kind == "object":
        return Field(name, "object", required, parts=_fields(facts, shared))
    if kind in ("number", "boolean"):
        bounds = facts.get("minimum"), facts.get("maximum")
        return Field(name, "number" if kind == "number" else "flag", required, default, *bounds)
    if "enum" in facts:
        return Field(name, "choice", required, default, choices=tuple(facts["enum"]))
    if facts.get("format") == "date":
        return Field(name, "date", required, default)
    shortest, longest = facts.get("minLength", 0), facts.get("maxLength")
    return Field(name, "text", required, default, shortest=shortest, longest=longest, plain="pattern" in facts)
