"""Examples: bodies from `openapi/examples`, answers put together from those of their fields, errors by their codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coverplan.api.errors import PROBLEM_JSON
from coverplan.api.media import JSON, NDJSON
from coverplan.api.reference.media import SHOWN
from coverplan.api.reference.samples import Samples
from coverplan.api.reference.schemas import PLACE, Schemas
from coverplan.payload.error_document import ERROR_KINDS, ErrorKind

FOLDER = Path(__file__).parents[4] / "openapi" / "examples"
_RECORDED = {"Plan": "plan.json"}
"""Answers that are shown as they were given."""


def add_examples(operations: list[dict[str, Any]], schemas: Schemas) -> None:
    """Show a body of each call, and each of its answers."""
    samples = Samples(schemas)
    for operation in operations:
        _show_bodies(operation.get("requestBody", {}).get("content", {}))
        for status, response in operation["responses"].items():
            _show_answer(status, response.get("content", {}), samples)


def error_examples(operations: list[dict[str, Any]], schemas: Schemas) -> dict[str, Any]:
    """One answer of each kind of error that an operation may answer with."""
    sample = Samples(schemas).of({"$ref": f"{PLACE}ErrorDocument"})
    statuses = {status for operation in operations for status in operation["responses"]}
    kinds = [kind for kind in ERROR_KINDS.values() if str(kind.status) in statuses]
    return {kind.code: {"summary": kind.title, "value": _failing(kind, sample)} for kind in kinds}


def complete_samples(schemas: Schemas) -> None:
    """Fill in what the examples of fields leave out of the documents that they show."""
    samples = Samples(schemas)
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            if any(field.get("examples", ())):
                field["examples"] = [samples.of({**field, "examples": [example]}) for example in field["examples"]]


def _show_bodies(contents: dict[str, Any]) -> None:
    for content in contents.values():
        if not FOLDER.is_dir():  # installed without the sources
            content.pop("examples", None)
        for name, example in content.get("examples", {}).items():
            example["value"] = json.loads(_text(f"{name}.json"))


def _show_answer(status: str, contents: dict[str, Any], samples: Samples) -> None:
    for media, content in contents.items():
        if (file := content.pop(SHOWN, None)) and FOLDER.is_dir():
            content["example"] = _text(f"answers/{file}")
        elif media == PROBLEM_JSON:
            codes = [kind.code for kind in ERROR_KINDS.values() if str(kind.status) == status]
            content["examples"] = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
        elif media == JSON:
            content["example"] = _sample(content["schema"], samples)
        elif media == NDJSON:
            content["example"] = json.dumps(_sample(content["schema"]["contentSchema"], samples)) + "\n"


def _sample(schema: dict[str, Any], samples: Samples) -> Any:
    recorded = _RECORDED.get(schema.get("$ref", "").removeprefix(PLACE))
    if recorded is not None and FOLDER.is_dir():
        return json.loads(_text(f"answers/{recorded}"))
    return samples.of(schema)


def _failing(kind: ErrorKind, sample: dict[str, Any]) -> dict[str, Any]:
    """The sample shows invalid requests: others have no list of issues."""
    told = {"type": f"urn:coverplan:error:{kind.code}", "title": kind.title, "status": kind.status, "code": kind.code}
    if kind.code == sample["code"]:
        return {**sample, "limit": None, **told}
    bare: dict[str, Any] = {"suggestion": None, "limit": None, "errors": [], "total_errors": 0}
    return {**sample, **bare, **told, "detail": f"{kind.title}."}


def _text(file: str) -> str:
    return (FOLDER / file).read_bytes().decode()  # a CSV's ends of lines stay what they are
