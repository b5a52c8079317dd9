"""From bytes to a document, or to everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from coverplan.payload.issues import IssueReport, PayloadError, pointer
from coverplan.payload.json_text import JsonText, clean
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.translation import Fault, faults, report_fault

MAX_COUNTED = 100_000
CHUNK = 500

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]


def read_problem(data: bytes, at: str = "") -> Problem:
    """The problem; raises PayloadError."""
    return read_document(Problem, data, at)


def read_policy(data: bytes, at: str = "") -> Policy:
    """The policy; raises PayloadError."""
    return read_document(Policy, data, at)


def read_document(model: type[Model], data: bytes, at: str = "") -> Model:
    """The document of a model; raises PayloadError with every issue of text and structure.

    Pointers start with `at`.
    """
    document, report, _ = examine(model, data, at)
    if document is None or report.total_errors:
        raise PayloadError(report)
    return document


def examine(model: type[Model], data: bytes, at: str = "") -> tuple[Model | None, IssueReport, list[Fault]]:
    """The document if its structure is right, the issues of text and structure, and the structural faults.

    Raises PayloadError for what is no JSON. A document may come with issues of its text, e.g. a duplicate key.
    """
    text = clean(data, at)
    try:
        return model.model_validate_json(text.data), text.report, []
    except ValidationError as error:
        if any(fault["type"] == "json_invalid" for fault in error.errors(include_url=False, include_input=False)[:1]):
            text.report.add("invalid_json", at, reason=str(error.errors()[0]["ctx"]["error"]), line="?", column="?")
            raise PayloadError(text.report) from None
    found = _collect(model, text, at)
    return None, text.report, found


def _collect(model: type[BaseModel], text: JsonText, at: str) -> list[Fault]:
    """All structural faults: the long lists in chunks, the rest at once, so that a flood of faults stays cheap."""
    tree = json.loads(text.data)
    report, kept = text.report, list[Fault]()
    hollow, lists = _hollowed(model, tree, ())
    for path, adapter, value in [((), _adapter(model), hollow), *lists]:
        for error, offset in _errors(adapter, value, whole=not path):
            if report.total_errors >= MAX_COUNTED:
                report.complete = False
                return kept
            if not report.wants("error"):
                report.count("invalid_value", error.error_count())
                continue
            for fault in faults(error, model, tree, path, offset):
                if pointer(at, fault.path) not in text.spoiled:
                    report_fault(report, fault, at)
                    kept.append(fault)
    return kept


def _errors(adapter: TypeAdapter[Any], value: Any, *, whole: bool) -> Iterator[tuple[ValidationError, int]]:
    """Validation errors of a value, or of a list chunk by chunk with the chunk's first index."""
    for start in [0] if whole else range(0, len(value), CHUNK):
        part = value if whole else value[start : start + CHUNK]
        try:
            adapter.validate_json(json.dumps(part))
        except ValidationError as error:
            yield error, start


def _hollowed(
    model: type[BaseModel], value: Any, path: Path
) -> tuple[Any, list[tuple[Path, TypeAdapter[Any], list[Any]]]]:
    """The value with its long lists of documents emptied, and those lists."""
    if not isinstance(value, dict):
        return value, []
    hollow, lists = dict(value), []
    for name, (kind, item) in _nested(model).items():
        inner = value.get(name)
        if kind == "list" and isinstance(inner, list):
            hollow[name] = []
            lists.append(((*path, name), _list_adapter(item), inner))
        elif kind == "document":
            hollow[name], more = _hollowed(item, inner, (*path, name)) if name in value else (None, [])
            lists.extend(more)
            if name not in value:
                del hollow[name]
    return hollow, lists


@lru_cache
def _nested(model: type[BaseModel]) -> dict[str, tuple[str, type[BaseModel]]]:
    """Fields that hold a document or a list of documents of one class."""
    nested: dict[str, tuple[str, type[BaseModel]]] = {}
    for name, field in model.model_fields.items():
        for option in (field.annotation, *get_args(field.annotation)):
            inner = get_args(option)[0] if get_origin(option) is list else option
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                nested.setdefault(name, ("document" if inner is option else "list", inner))
    return nested


@lru_cache
def _adapter(model: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(model)


@lru_cache
def _list_adapter(item: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(list[item])  # type: ignore[valid-type]
