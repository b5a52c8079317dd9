"""The OpenAPI document: what FastAPI knows, the bodies, the error document and the examples.

`python -m coverplan.api.openapi [FILE]` writes it, by default to `openapi/openapi.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from coverplan.api.links import link
from coverplan.payload.batches import BatchResult, BatchTicket
from coverplan.payload.dataset_patch import DatasetPatch
from coverplan.payload.datasets import DatasetRequest
from coverplan.payload.error_document import ErrorDocument
from coverplan.payload.experiments.extension import ExperimentExtension
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.policies import PolicyRequest
from coverplan.payload.requests import EvaluateRequest, SolveRequest, ValidateRequest
from coverplan.payload.runs import RunRequest
from coverplan.payload.webhooks import WebhookEvent, WebhookRequest

FILE = Path("openapi/openapi.json")
EXAMPLES = Path(__file__).parents[3] / "openapi" / "examples"
_MODELS = (
    SolveRequest,
    EvaluateRequest,
    RunRequest,
    ValidateRequest,
    BatchTicket,
    BatchResult,
    WebhookRequest,
    WebhookEvent,
    PolicyRequest,
    ExperimentRequest,
    ExperimentExtension,
    DatasetRequest,
    DatasetPatch,
    ErrorDocument,
)
_REQUEST_ID = {
    "description": "Id of the request, as in the log; a caller's own is kept.",
    "schema": {"type": "string"},
}


def complete(app: FastAPI) -> None:
    """Have the app serve the completed document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        license_info=app.license_info,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    _, bodies = models_json_schema(
        [(model, "validation") for model in _MODELS], ref_template="#/components/schemas/{model}"
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in bodies["$defs"].items():
        # FastAPI leaves out what is null, defaults and examples too.
        if name in schemas and jsonable_encoder(schema, exclude_none=True) != schemas[name]:
            raise ValueError(f"two schemas are called {name}")
        schemas[name] = schema
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    for path in document["paths"].values():
        for operation in path.values():
            _complete_operation(operation)
    link(document)
    return document


def _complete_operation(operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if not EXAMPLES.is_dir():  # installed without the sources
            content.pop("examples", None)
        for name, example in content.get("examples", {}).items():
            example["value"] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def main(file: Path = FILE) -> None:
    """Write the document."""
    from coverplan.api.app import create_app  # noqa: PLC0415  (the app imports this module)
    from coverplan.settings import Settings  # noqa: PLC0415

    text = json.dumps(create_app(Settings()).openapi(), indent=1, ensure_ascii=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
