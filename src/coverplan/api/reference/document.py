"""The OpenAPI document: what FastAPI knows, the bodies, the error document and the examples."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from coverplan.api.links import link
from coverplan.api.reference.examples import add_examples, complete_samples, error_examples
from coverplan.api.reference.headers import HEADERS, describe_headers
from coverplan.api.reference.schemas import both, refer, referred, schemas_of
from coverplan.api.reference.tidy import mark_units, unnull
from coverplan.api.reference.webhooks import webhooks_of
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

DESCRIPTION = (
    "Facts (accounts, reps, territories) and a policy (rules, weights) go in; a plan, its proven gap and the reasons "
    "come out: at once from `/v1/solve`, or as runs, batches and experiments that outlive calls and services.\n\n"
    "Requests are strict: what is not known is refused, each fault with a code, a JSON Pointer and a way out. Answers "
    "may have more fields, and more words, in later versions: read them leniently."
)
SERVERS = [
    {"url": "/", "description": "The service that serves this document."},
    {"url": "http://127.0.0.1:8000", "description": "A service on this machine, as `coverplan serve` starts it."},
]
TAGS = {
    "solving": "While the caller waits.",
    "runs": "Solves that are handed over; workers do them.",
    "batches": "Many runs in one call.",
    "experiments": "Problems under many policies, compared.",
    "datasets": "Books of tables: uploaded once, solved many times.",
    "policies": "Rules and weights under a name, in versions.",
    "keys": "The API keys of a tenant, and what was done with them.",
    "webhooks": "Who is told that something ended.",
    "the service": "What the service says of itself.",
}
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
        description=DESCRIPTION,
        license_info=app.license_info,
        routes=app.routes,
        servers=SERVERS,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
    )
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    components = document["components"]
    _add_schemas(components, operations)
    components["headers"] = HEADERS
    components["examples"] = error_examples(operations, components["schemas"])
    for operation in operations:
        operation.setdefault("security", [])  # open to anybody
        unnull(operation.get("parameters", []))
        describe_headers(operation)
    add_examples(operations, components["schemas"])
    document["webhooks"] = webhooks_of(components["schemas"])
    mark_units(components["schemas"])
    link(document)
    return document


def _add_schemas(components: dict[str, Any], operations: list[dict[str, Any]]) -> None:
    """The schemas of all requests and answers; the operations then refer to them."""
    # FastAPI leaves out what is null, defaults and examples too.
    answers = components["schemas"] | schemas_of(ANSWERS, "serialization")
    complete_samples(answers)
    answered = {name for operation in operations for name in referred(operation["responses"])}
    components["schemas"], names = both(
        schemas_of(REQUESTS, "validation"), answers, [model.__name__ for model in REQUESTS], answered
    )
    for operation in operations:
        operation["responses"] = refer(operation["responses"], names)
