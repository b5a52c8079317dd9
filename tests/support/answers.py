"""Answers as the OpenAPI document describes them, and as a later service may give them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
NEW_FIELD, NEW_WORD = "added_later", "said later"
_PLACE = "#/components/schemas/"
_LINES = {"/v1/batches": "BatchTicket", "/tickets": "BatchTicket", "/results": "BatchResult"}
_EVENTS = {"progress": "Progress", "plan": "Plan", "error": "ErrorDocument"}

_KINDS: dict[type, str] = {dict: "object", list: "array", str: "string"}

Schema = Mapping[str, Any]
Change = Callable[[Any, Schema], Any]


def named(name: str) -> Schema:
    """The schema of a component."""
    return {"$ref": _PLACE + name}


def with_new_fields(value: Any, schema: Schema) -> Any:
    """The document with one more field in every object that has fields."""
    return _changed(value, schema, lambda part, at: {**part, NEW_FIELD: {"by": 1}} if "properties" in at else part)


def with_new_words(value: Any, schema: Schema) -> Any:
    """The document with another word wherever one of a list stands."""
    return _changed(value, schema, lambda part, at: NEW_WORD if len(at.get("enum", ())) > 1 else part)


def _changed(value: Any, schema: Schema, change: Change) -> Any:
    for at in _options(value, schema):
        if isinstance(value, dict):
            fields, others = at.get("properties", {}), at.get("additionalProperties", {})
            rest: Schema = others if isinstance(others, Mapping) else {}
            inner = {name: _changed(part, fields.get(name, rest), change) for name, part in value.items()}
            return change(inner, at)
        if isinstance(value, list):
            return [_changed(item, at.get("items", {}), change) for item in value]
        if isinstance(value, str) and "enum" in at:
            return change(value, at)
    return value


def _options(value: Any, schema: Schema) -> Iterator[Schema]:
    """What a schema may mean, its references followed; of rules, what their kind says."""
    if "$ref" in schema:
        yield from _options(value, SCHEMAS[schema["$ref"].removeprefix(_PLACE)])
    elif "discriminator" in schema:
        mapping = schema["discriminator"]["mapping"]
        yield from _options(value, {"$ref": mapping[value[schema["discriminator"]["propertyName"]]]})
    elif "anyOf" in schema:
        kind = _KINDS.get(type(value))
        for part in schema["anyOf"]:
            yield from (option for option in _options(value, part) if option.get("type", kind) == kind)
    else:
        yield schema


class LaterService(httpx.BaseTransport):
    """A service whose answers have more fields than this version describes."""

    def __init__(self) -> None:
        self._http = httpx.HTTPTransport()
        self.told: set[str] = set()
        """Operations whose answers were changed."""

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the service, changed."""
        answer = self._http.handle_request(request)
        media = answer.headers.get("content-type", "").split(";")[0]
        if media not in {"application/json", "application/x-ndjson", "text/event-stream", "application/problem+json"}:
            return answer
        content = answer.read()
        path = request.url.path
        changed = _changed_answer(request.method, path, str(answer.status_code), media, content.decode())
        self.told.add(_operation(request.method, path)["operationId"])
        headers = {
            name: value for name, value in answer.headers.items() if name not in {"content-length", "content-encoding"}
        }
        return httpx.Response(answer.status_code, headers=headers, content=changed.encode())


def _changed_answer(method: str, path: str, status: str, media: str, text: str) -> str:
    if media == "application/x-ndjson":
        schema = named(next(name for end, name in _LINES.items() if path.endswith(end)))
        return "".join(f"{_added(line, schema)}\n" for line in text.splitlines())
    if media == "text/event-stream":
        return "\n".join(_event(block, path) for block in text.split("\n\n"))
    schema = _operation(method, path)["responses"][status]["content"][media]["schema"]
    return _added(text, schema)


def _event(block: str, path: str) -> str:
    kind = re.search(r"^event: (\w+)$", block, re.MULTILINE)
    name = "RunNews" if path.endswith("/events") else _EVENTS[kind.group(1)] if kind else ""
    changed = re.sub(
        r"^data: (.*)$", lambda data: f"data: {_added(data.group(1), named(name))}", block, flags=re.MULTILINE
    )
    return changed + "\n"


def _added(text: str, schema: Schema) -> str:
    return json.dumps(with_new_fields(json.loads(text), schema))


def _operation(method: str, path: str) -> dict[str, Any]:
    for template, methods in DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and method.lower() in methods:
            operation: dict[str, Any] = methods[method.lower()]
            return operation
    raise AssertionError(f"{method} {path} is not described")
