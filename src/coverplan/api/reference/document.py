"""The OpenAPI document: what FastAPI knows, the bodies, the error document and the examples."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from coverplan.api.links import link
from coverplan.api.reference.headers import HEADERS, describe_headers
from coverplan.api.reference.schemas import both, refer, referred, schemas_of
from coverplan.payload.batches import BatchResult, BatchTicket
from coverplan.payload.dataset_patch import DatasetPatch
from coverplan.payload.datasets import DatasetRequest
from coverplan.payload.error_document import ErrorDocument
from coverplan.payload.experiments.extension import ExperimentExtension
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.keys import KeyRequest
from coverplan.payload.policies import PolicyRequest
from coverplan.payload.requests import EvaluateRequest, SolveRequest, ValidateRequest
from coverplan.payload.runs import RunNews, RunRequest
from coverplan.payload.webhooks import WebhookChange, WebhookEvent, WebhookRequest

EXAMPLES = Path(__file__).parents[4] / "openapi" / "examples"
REQUESTS = (
    SolveRequest,
    EvaluateRequest,
    RunRequest,
    ValidateRequest,
    WebhookRequest,
    WebhookChange,
    PolicyRequest,
    ExperimentRequest,
    ExperimentExtension,
    DatasetRequest,
    DatasetPatch,
    KeyRequest,
)
"""Bodies, which FastAPI does not read."""
ANSWERS = (BatchTicket, BatchResult, RunNews, WebhookEvent, ErrorDocument)
"""What the service sends beside the documents that FastAPI knows of: lines, events, messages, errors."""
_ROOT_PATHS = 8
"""Kept at a time; proxies that are trusted make them up."""


def complete(app: FastAPI) -> None:
    """Have the app know the completed document, and its bytes for callers who find it below a root path."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    @lru_cache(_ROOT_PATHS)
    def description(root_path: str) -> bytes:
        servers = [{"url": root_path}] if root_path else document().get("servers")
        told = document() | ({"servers": servers} if servers else {})
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    app.openapi = document  # type: ignore[method-assign]
    app.state.description = description


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        license_info=app.license_info,
        routes=app.routes,
    )
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    _add_schemas(document["components"], operations)
    document["components"]["headers"] = HEADERS
    for operation in operations:
        _complete_operation(operation)
    link(document)
    return document


def _add_schemas(components: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    """The schemas of all requests and answers; the operations then refer to them."""
    # FastAPI leaves out what is null, defaults and examples too.
    answers = components["schemas"] | schemas_of(ANSWERS, "serialization")
    answered = {name for operation in operations for name in referred(operation["responses"])}
    components["schemas"], names = both(
        schemas_of(REQUESTS, "validation"), answers, [model.__name__ for model in REQUESTS], answered
    )
    for operation in operations:
        operation["responses"] = refer(operation["responses"], names)


def _complete_operation(operation: dict[str, Any]) -> None:
    describe_headers(operation)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if not EXAMPLES.is_dir():  # installed without the sources
            content.pop("examples", None)
        for name, example in content.get("examples", {}).items():
            example["value"] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
