"""Requests are strict, answers are read leniently: a later service may say more than this version knows.

`read_answer` keeps fields that the models do not have, as `model_extra`. A word that is not on its list stays the text
that it is, and a rule of an unknown kind is no class of the catalogue. Only reading with `strict=False` is so.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

Model = TypeVar("Model", bound=BaseModel)
_CLOSED = {"model", "definition-ref", "lax-or-strict"}
"""Parts that have been seen to."""
_INNER = {"schema", "items_schema", "keys_schema", "values_schema", "choices"}
"""Where parts have parts."""


def read_answer(kind: type[Model], data: str | bytes) -> Model:
    """An answer of the service; raises ValidationError where even what this version knows is not as it should be."""
    return kind.model_validate_json(data, strict=False, extra="allow")


class Otherwise:
    """`Annotated[Known, Otherwise(Other)]`: in answers, what is not known is read as something else."""

    def __init__(self, other: type[BaseModel]) -> None:
        self._other = other

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of what is known; leniently, the other as well."""
        return _leniently(handler(source), handler.generate_schema(self._other))


def open_words(schema: CoreSchema) -> CoreSchema:
    """Leave the lists of words of a model closed in requests and open in answers; its parts have seen to theirs."""
    if schema["type"] == "definitions":
        open_words(schema["schema"])
    elif schema["type"] == "model":
        _open(schema["schema"])
    return schema


def _open(part: Any) -> Any:
    """The part of a schema, changed where it is: a copy of all parts takes seconds."""
    if isinstance(part, dict) and part.get("type") not in _CLOSED:
        if part.get("type") == "literal" and _is_list_of_words(part):
            return _leniently(cast(CoreSchema, part), core_schema.str_schema())
        for name in part.keys() & _INNER:
            part[name] = _open(part[name])
        for field in part.get("fields", {}).values():
            field["schema"] = _open(field["schema"])
    elif isinstance(part, list):
        part[:] = [_open(item) for item in part]
    return part


def _is_list_of_words(literal: dict[str, Any]) -> bool:
    """A single word is no choice, but says what a document is."""
    return len(literal["expected"]) > 1 and all(isinstance(word, str) for word in literal["expected"])


def _leniently(known: CoreSchema, other: CoreSchema) -> CoreSchema:
    either = core_schema.union_schema([known, other], mode="left_to_right")
    as_it_is = core_schema.simple_ser_schema("any")
    return core_schema.lax_or_strict_schema(either, known, strict=True, serialization=as_it_is)
