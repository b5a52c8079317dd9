"""What a caller gives, as the documents that the service takes: dicts, models, and frames in place of their lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticSerializationError

from coverplan.payload.errors import InvalidError
from coverplan.payload.issues import PayloadError
from coverplan.payload.plan import AssignmentIn
from coverplan.payload.reading import read_document

ASSIGNMENTS = "assignments"
Model = TypeVar("Model", bound=BaseModel)

ANY_JSON = TypeAdapter[Any](Any, config=ConfigDict(ser_json_inf_nan="constants"))
"""NaN stays what it is, so that it is told where it stands: as null it would be taken for what is not known."""


def problem_body(problem: object, accounts: object = None, reps: object = None) -> object:
    """A problem with its frames as lists of documents.

    Raises:
        InvalidError: a cell cannot be read.
        TypeError: accounts or reps are given twice.
    """
    tables = {name: table for name, table in (("accounts", accounts), ("reps", reps)) if table is not None}
    if tables:
        held: Mapping[str, Any] = {} if problem is None else _fields(problem)
        twice = sorted(tables.keys() & held.keys())
        if twice:
            raise TypeError(f"{' and '.join(twice)} are given twice: in the problem, and beside it.")
        problem = {**held, **tables}
    if not isinstance(problem, Mapping):
        return problem
    frames = {name: value for name, value in problem.items() if is_frame(value)}
    return {**problem, **_documents(frames)} if frames else problem


def is_frame(value: object) -> bool:
    """Whether a value is a table of some library."""
    return any(hasattr(value, name) for name in ("__arrow_c_stream__", "__dataframe__", "collect_schema"))


def read(kind: type[Model], body: Mapping[str, object]) -> Model:
    """The document of a body whose absent parts are None.

    Raises:
        InvalidError: with every issue of it.
    """
    try:
        return read_document(kind, as_json(body))
    except PayloadError as error:
        raise InvalidError(error.report) from None


def as_json(body: Mapping[str, object]) -> bytes:
    """A body as JSON, without its parts that are None.

    Raises:
        TypeError: it holds what no document does.
    """
    given = {name: value for name, value in body.items() if value is not None}
    try:
        return ANY_JSON.dump_json(given, by_alias=True, fallback=_plain)
    except PydanticSerializationError as error:
        raise TypeError(str(error).removeprefix("Error serializing to JSON: TypeError: ")) from None


def proposal(given: object) -> object:
    """Assignments as the service takes them: of a plan, a frame, or a list of documents only what a proposal needs.

    Rows of a frame without a rep are seats that nobody covers.

    Raises:
        InvalidError: a frame lacks a column.
    """
    if is_frame(given):
        from coverplan.library.frames import assignments  # noqa: PLC0415 - polars is for those who have frames

        return assignments(given)
    if isinstance(given, BaseModel):
        given = getattr(given, ASSIGNMENTS, given)
    elif isinstance(given, Mapping):
        given = given.get(ASSIGNMENTS, given)
    return [_needed(row) for row in given] if isinstance(given, list | tuple) else given


def _needed(row: object) -> object:
    """The fields of a proposal, of a seat of a plan; anything else as it is."""
    if isinstance(row, BaseModel):
        return {name: getattr(row, name, None) for name in AssignmentIn.model_fields}
    if isinstance(row, Mapping) and "change" in row:
        return {name: row[name] for name in AssignmentIn.model_fields if name in row}
    return row


def _fields(problem: object) -> Mapping[str, Any]:
    if isinstance(problem, BaseModel):
        return {name: getattr(problem, name) for name in problem.model_fields_set}
    if isinstance(problem, Mapping):
        return problem
    raise TypeError(f"a problem is a mapping or a document, not a {type(problem).__qualname__}.")


def _documents(frames: Mapping[str, object]) -> dict[str, object]:
    from coverplan.library.frames import problem_tables  # noqa: PLC0415 - polars is for those who have frames

    return problem_tables(frames)


def _plain(value: Any) -> Any:
    """A number or an array of numpy as JSON has it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} is of type {type(value).__qualname__}, which no document holds.")
