"""From a validation error to an issue: code, JSON Pointer, entity, offending value and a way out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from coverplan.payload.issue_codes import CATALOGUE
from coverplan.payload.issues import IssueReport, clip, pointer, quoted

Path = tuple[str | int, ...]

ENTITIES = {
    "accounts": "account",
    "reps": "rep",
    "managers": "manager",
    "territories": "territory",
    "segments": "segment",
    "constraints": "constraint",
    "fit": "fit",
    "pairs": "pair",
    "assignments": "assignment",
}
_EXPECTED = {
    "string": "text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "list": "an array",
    "tuple": "an array",
    "set": "an array",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
    "dataclass": "an object",
    "date": "a date, as text YYYY-MM-DD",
}
_BOUNDS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {
    "too_short": ("too_short", "min_length"),
    "string_too_short": ("too_short", "min_length"),
    "too_long": ("too_long", "max_length"),
    "string_too_long": ("too_long", "max_length"),
}
_CODES = {
    "finite_number": "non_finite_number",
    "date_parsing": "invalid_date",
    "date_from_datetime_parsing": "invalid_date",
    "date_from_datetime_inexact": "invalid_date",
    "string_pattern_mismatch": "invalid_characters",
}

_NO_SLASH = "Use no slash, no dot in front and no control characters."


@dataclass(frozen=True)
class Fault:
    """One structural error: its place without the tags of unions, and what the issue will say."""

    path: Path
    code: str
    value: object = None
    entity: tuple[str, str | None] | None = None
    suggestion: str | None = None
    words: dict[str, object] = field(default_factory=dict)


def report_fault(report: IssueReport, fault: Fault, at: str) -> None:
    """Add the fault to a report whose pointers start with `at`."""
    report.add(
        fault.code,
        pointer(at, fault.path),
        value=fault.value,
        entity=fault.entity,
        suggestion=fault.suggestion,
        **fault.words,
    )


def faults(error: ValidationError, model: type[BaseModel], tree: object, at: Path, offset: int) -> Iterator[Fault]:
    """The faults of a validation error of the part of `tree` at a path (a list from its item `offset` on)."""
    for detail in error.errors(include_url=False, include_input=False):
        location = detail["loc"]
        if at and location and isinstance(location[0], int):
            location = (location[0] + offset, *location[1:])
        yield _fault(
            detail["type"], detail.get("ctx", {}), detail["msg"], _without_tags((*at, *location), tree), model, tree
        )


def _without_tags(location: Path, tree: object) -> Path:
    """The location without the union tag that follows the index of a constraint."""
    tagged = [
        place + 2
        for place, (part, index) in enumerate(pairwise(location))
        if part == "constraints" and isinstance(index, int)
    ]
    if not tagged or tagged[0] >= len(location):
        return location
    node = value_at(tree, location[: tagged[0]])
    has_tag = isinstance(node, dict) and node.get("kind") == location[tagged[0]]
    return (*location[: tagged[0]], *location[tagged[0] + 1 :]) if has_tag else location


def value_at(tree: object, path: Path) -> object:
    """The value at a path; None where there is none."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def entity_at(tree: object, path: Path) -> tuple[str, str | None] | None:
    """The innermost account, rep... that a path leads into."""
    found = None
    for place, (name, index) in enumerate(pairwise(path)):
        if isinstance(index, int) and name in ENTITIES:
            item = value_at(tree, path[: place + 2])
            name_of = (
                item.get("id", item.get("kind") if name == "constraints" else None) if isinstance(item, dict) else None
            )
            found = (ENTITIES[str(name)], name_of if isinstance(name_of, str) else None)
    return found


def _fault(kind: str, context: Mapping[str, Any], text: str, path: Path, model: type[BaseModel], tree: object) -> Fault:
    value, entity = value_at(tree, path), entity_at(tree, path)
    if kind == "missing":
        return Fault(path, "missing_field", None, entity, words={"field": path[-1]})
    if kind == "extra_forbidden":
        known = fields_at(model, tree, path[:-1])
        return Fault(path, "unknown_field", value, entity, closest(str(path[-1]), known, "field"), {"field": path[-1]})
    if kind.startswith("union_tag_"):
        return _wrong_tag((*path, "kind"), value_at(tree, (*path, "kind")), entity, context)
    if kind in ("literal_error", "enum"):
        choices = tuple(re.findall(r"'([^']*)'", str(context.get("expected", ""))))
        words: dict[str, object] = {"choices": ", ".join(choices)}
        return Fault(path, "unknown_value", value, entity, closest(str(value), choices, None), words)
    code, words = _simple(kind, context)
    if code is not None:
        hint = _NO_SLASH if kind == "string_pattern_mismatch" and "/" in context["pattern"] else None
        return Fault(path, code, value, entity, hint, words)
    return _wrong_type(kind, text, path, value, entity, optional=_has_default(model, tree, path))


def _wrong_tag(path: Path, value: object, entity: tuple[str, str | None] | None, context: Mapping[str, Any]) -> Fault:
    if value is None:
        return Fault(path, "missing_field", None, entity, words={"field": "kind"})
    kinds = tuple(re.findall(r"'([^']*)'", str(context.get("expected_tags", ""))))
    return Fault(path, "unknown_kind", value, entity, closest(str(value), kinds, None))


def _simple(kind: str, context: Mapping[str, Any]) -> tuple[str | None, dict[str, object]]:
    """Code and words of the errors that need no look at the value."""
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        return "out_of_range", {"bound": f"{word} {context[key]:,g}"}
    if kind in _LENGTHS:
        code, key = _LENGTHS[kind]
        return code, {"limit": f"{context[key]:,}"}
    return _CODES.get(kind), {}


def _wrong_type(
    kind: str, text: str, path: Path, value: object, entity: tuple[str, str | None] | None, *, optional: bool
) -> Fault:
    wanted = "int" if kind == "int_from_float" else kind.removesuffix("_type")
    if wanted not in _EXPECTED:
        reason = text.removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return Fault(path, kind if kind in CATALOGUE else "invalid_value", value, entity, words={"reason": reason})
    suggestion = None
    if wanted in ("float", "int") and isinstance(value, str) and _is_number(value):
        suggestion = f"Send {clip(value.strip())} without quotation marks."
    elif value is None and optional:
        suggestion = "Leave the field out to get its default."
    elif wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        suggestion = f"Send {quoted(str(value))}, in quotation marks."
    return Fault(path, "wrong_type", value, entity, suggestion, {"expected": _EXPECTED[wanted], "found": _found(value)})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return len(text) < 40


def _found(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "text"}
    return names.get(type(value), "something else")


@lru_cache(maxsize=4096)
def closest(wrong: str, known: tuple[str, ...], noun: str | None) -> str | None:
    """A close match as a question, else the list of what there is if it is short."""
    close = difflib.get_close_matches(clip(wrong).lower(), known, n=1, cutoff=0.6)
    if close:
        return f'Did you mean "{close[0]}"?'
    if noun and known:
        return "Remove it; the fields are " + ", ".join(known) + "."
    return "Use one of " + ", ".join(known) + "." if known else None


def fields_at(model: type[BaseModel], tree: object, path: Path) -> tuple[str, ...]:
    """Field names of the document at a path."""
    return tuple(sorted({name for one in _models_at(model, tree, path) for name in one.model_fields}))


def _has_default(model: type[BaseModel], tree: object, path: Path) -> bool:
    """Whether what stands at a path may be left out: no item of a list, and no required field."""
    if not path or not isinstance(path[-1], str):
        return False
    fields = [one.model_fields[path[-1]] for one in _models_at(model, tree, path[:-1]) if path[-1] in one.model_fields]
    return bool(fields) and not any(field.is_required() for field in fields)


def _models_at(model: type[BaseModel], tree: object, path: Path) -> list[type[BaseModel]]:
    """What the document at a path may be."""
    options: list[type[BaseModel]] = [model]
    for place, part in enumerate(path):
        if isinstance(part, str):
            annotations = [one.model_fields[part].annotation for one in options if part in one.model_fields]
            options = [found for annotation in annotations for found in _documents(annotation)]
        node = value_at(tree, path[: place + 1])
        if len(options) > 1 and isinstance(node, dict):
            options = [one for one in options if node.get("kind") in get_args(one.model_fields["kind"].annotation)]
    return options


def _documents(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _documents(part)]
