"""From bytes to a document, or to everything that is wrong with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from coverplan.payload.issues import IssueReport, PayloadError, pointer
from coverplan.payload.json_text import JsonText, clean
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.salvage import cross_check, cross_errors, set_aside
from coverplan.payload.translation import Fault, faults, report_fault

MAX_COUNTED = 100_000
MAX_SALVAGED = 2_000_000
CHUNK = 100

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
    if document is not None and report.total_errors:
        cross_check(report, document, at)
    if document is None or report.total_errors:
        raise PayloadError(report)
    return document


def examine(model: type[Model], data: bytes, at: str = "") -> tuple[Model | None, IssueReport, list[Fault]]:
    """The document if its structure is right, the issues of text and structure, and the structural faults.

    With structural faults, the errors that cross-checks find in the rest are among the issues. Raises PayloadError for
    what is no JSON. A document may come with issues of its text, e.g. a duplicate key: it is not cross-checked.
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
    """All structural faults: the long lists in chunks, the rest at once, so that a flood of faults stays cheap.

    What is readable is cross-checked too, unless there are more faults than a report holds, or the document is so long
    that the answer would have to wait.
    """
    tree = json.loads(text.data)
    report, kept = text.report, list[Fault]()
    parts = _parts(model, tree)
    emptied = {part.path for part in parts[1:]}
    for part in parts:
        error = part.read()
        if error is None:
            continue
        if not report.wants("error"):
            report.count("invalid_value", error.error_count())
            if report.total_errors >= MAX_COUNTED:
                report.complete = False
                return kept
            continue
        for fault in faults(error, model, tree, part.path, part.start):
            if fault.code == "too_short" and fault.path in emptied:  # only here, where its items are read apart
                continue
            kept.append(fault)
            if pointer(at, fault.path) not in text.spoiled:
                report_fault(report, fault, at)
    if report.wants("error") and len(text.data) <= MAX_SALVAGED and set_aside(tree, kept):
        document = _assembled(_parts(model, tree), parts)
        if document is not None:
            report.extend(cross_errors(document, kept, at))
    return kept


@dataclass(eq=False)
class _Part:
    """A part of a document that is read by itself: all but the long lists (empty path), or a slice of one of them."""

    path: Path
    start: int
    adapter: TypeAdapter[Any]
    value: Any
    result: Any = None

    def read(self) -> ValidationError | None:
        """Read the part; the error if it has faults."""
        try:
            self.result = self.adapter.validate_json(json.dumps(self.value))
        except ValidationError as error:
            return error
        return None


def _parts(model: type[BaseModel], tree: object) -> list[_Part]:
    hollow, lists = _hollowed(model, tree, ())
    parts = [_Part((), 0, _adapter(model), hollow)]
    for path, adapter, value in lists:
        parts.extend(_Part(path, start, adapter, value[start : start + CHUNK]) for start in range(0, len(value), CHUNK))
    return parts


def _assembled(parts: list[_Part], before: list[_Part]) -> BaseModel | None:
    """The document of all parts, those that had faults before read once more; None if one still has."""
    results = {(part.path, part.start): part.result for part in before[1:]}
    for part in parts:
        part.result = results.get((part.path, part.start))
    if any(part.result is None and part.read() is not None for part in parts):
        return None
    lists: dict[Path, list[Any]] = {}
    for part in parts[1:]:
        lists.setdefault(part.path, []).extend(part.result)
    document: BaseModel = parts[0].result
    for path, items in lists.items():
        document = _with(document, path, items)
    return document


def _with(document: BaseModel, path: Path, value: list[Any]) -> BaseModel:
    """The document with the field at a path replaced."""
    name = str(path[0])
    inner = value if len(path) == 1 else _with(getattr(document, name), path[1:], value)
    return document.model_copy(update={name: inner})


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
