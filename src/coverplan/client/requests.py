"""What is sent: connections with their key, bodies, parameters."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Mapping
from typing import IO, Any

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter

Document = BaseModel | Mapping[str, Any]
"""A document as a model, or as a plain mapping."""

KEY_VARIABLE = "COVERPLAN_API_KEY"
JSON = "application/json"
LINES_HEADERS = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Accept-Encoding": "identity"}
"""Of a batch, whose tickets are wanted as they are made."""
_AS_JSON = TypeAdapter[Any](Any, config=ConfigDict(ser_json_inf_nan="constants"))
"""NaN stays what it is, and the service says where it stands: as null it would be taken for what is not known."""
_CONNECT_S = 10.0
_SILENCE_S = 30.0
"""The service speaks at least once a second while it solves, and every five seconds while one listens."""
_ZIP_FROM = 100_000


def connection(base_url: str, api_key: str | None) -> dict[str, Any]:
    """What connections to a service begin with."""
    key = api_key or os.environ.get(KEY_VARIABLE)
    return {
        "base_url": base_url,
        "timeout": httpx.Timeout(_SILENCE_S, connect=_CONNECT_S),
        "headers": {"Authorization": f"Bearer {key}"} if key else None,
        "trust_env": False,
    }


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None: the rest is left to the service's defaults."""
    return {name: value for name, value in values.items() if value is not None}


def content_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as JSON, compressed if large."""
    data = _AS_JSON.dump_json(given(body))
    headers = {"Content-Type": JSON}
    if len(data) >= _ZIP_FROM:
        data = gzip.compress(data, compresslevel=4)
        headers["Content-Encoding"] = "gzip"
    return {"content": data, "headers": headers}


def fields_of(document: Document) -> Mapping[str, Any]:
    """What a document says, under the names that it has in JSON, without what is left to the defaults."""
    if not isinstance(document, BaseModel):
        return document
    return document.model_dump(mode="json", by_alias=True, exclude_unset=True)


def write_lines(documents: Iterable[Document], file: IO[bytes]) -> None:
    """Write documents as lines of JSON, compressed."""
    with gzip.open(file, "wb", compresslevel=3) as packed:
        for document in documents:
            packed.write(_AS_JSON.dump_json(document, exclude_none=True) + b"\n")
