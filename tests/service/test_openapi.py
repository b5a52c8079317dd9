"""The committed OpenAPI document is the service's own, and complete."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coverplan.api.openapi import main

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "openapi" / "openapi.json").read_text())
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_the_committed_document_is_current(tmp_path: Path) -> None:
    """After a change: `python -m coverplan.api.openapi`."""
    main(tmp_path / "openapi.json")

    assert (ROOT / "openapi" / "openapi.json").read_text() == (tmp_path / "openapi.json").read_text()


def test_all_calls_are_there() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert set(DOCUMENT["paths"]) == {
        "/v1/solve",
        "/v1/validate",
        "/v1/evaluate",
        "/v1/runs",
        "/v1/runs/{run_id}",
        "/v1/runs/{run_id}/cancel",
        "/v1/runs/{run_id}/events",
        "/v1/runs/{run_id}/finish",
        "/v1/runs/{run_id}/model.lp",
        "/v1/runs/{run_id}/model.mps",
        "/v1/runs/{run_id}/plan",
        "/v1/batches",
        "/v1/batches/{batch_id}",
        "/v1/batches/{batch_id}/cancel",
        "/v1/batches/{batch_id}/events",
        "/v1/batches/{batch_id}/results",
        "/v1/batches/{batch_id}/tickets",
        "/v1/experiments",
        "/v1/experiments/estimate",
        "/v1/experiments/{experiment_id}",
        "/v1/experiments/{experiment_id}/cells",
        "/v1/experiments/{experiment_id}/events",
        "/v1/experiments/{experiment_id}/results",
        "/v1/experiments/{experiment_id}/stop",
        "/v1/experiments/{experiment_id}/resume",
        "/v1/experiments/{experiment_id}/extend",
        "/v1/webhooks",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/deliveries",
        "/v1/webhooks/{webhook_id}/rotate",
        "/v1/webhooks/{webhook_id}/test",
        "/v1/datasets",
        "/v1/datasets/{dataset_id}",
        "/v1/datasets/{dataset_id}/tables/{table}",
        "/v1/datasets/{dataset_id}/commit",
        "/v1/datasets/{dataset_id}/patch",
        "/v1/policies",
        "/v1/policies/{name}",
        "/v1/policies/{name}/versions/{version}",
        "/v1/policies/{name}/diff",
        "/v1/keys",
        "/v1/keys/{key_id}",
        "/v1/audit",
        "/v1/constraint-kinds",
        "/v1/issue-codes",
        "/v1/limits",
        "/healthz",
        "/readyz",
        "/metrics",
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_are_described(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert {"403", "406", "500"} <= set(operation["responses"])
    assert any(status.startswith("2") for status in operation["responses"])
    for status, response in operation["responses"].items():
        assert response["description"]
        if not status.startswith("2") and status != "304":
            assert list(response["content"]) == ["application/problem+json"]
            assert response["content"]["application/problem+json"]["schema"] == {
                "$ref": "#/components/schemas/ErrorDocument"
            }
    if "requestBody" in operation:
        assert {"408", "413", "415", "422"} <= set(operation["responses"])
        content = operation["requestBody"]["content"]
        assert "application/json" not in content or content["application/json"]["examples"]
        assert all(example["value"] for one in content.values() for example in one.get("examples", {}).values())


def test_every_field_of_the_bodies_is_described() -> None:
    bare = [
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for field, content in schema.get("properties", {}).items()
        if "description" not in content and "const" not in content
    ]

    assert bare == []


def test_every_reference_leads_somewhere() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    text = json.dumps(DOCUMENT)
    found = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}

    assert found <= names


def test_what_is_created_leads_to_every_call_that_takes_its_name() -> None:
    """Answers that create have a Location, and a link to each path below what they created."""
    below = {
        ("/v1/runs", "202"): "/v1/runs/{run_id}",
        ("/v1/runs", "200"): "/v1/runs/{run_id}",
        ("/v1/batches", "202"): "/v1/batches/{batch_id}",
        ("/v1/experiments", "202"): "/v1/experiments/{experiment_id}",
        ("/v1/experiments/{experiment_id}/extend", "202"): "/v1/experiments/{experiment_id}",
        ("/v1/webhooks", "201"): "/v1/webhooks/{webhook_id}",
        ("/v1/datasets", "201"): "/v1/datasets/{dataset_id}",
        ("/v1/datasets/{dataset_id}/commit", "202"): "/v1/datasets/{dataset_id}",
        ("/v1/datasets/{dataset_id}/commit", "200"): "/v1/datasets/{dataset_id}",
        ("/v1/datasets/{dataset_id}/patch", "202"): "/v1/datasets/{dataset_id}",
        ("/v1/datasets/{dataset_id}/patch", "200"): "/v1/datasets/{dataset_id}",
        ("/v1/keys", "201"): "/v1/keys/{key_id}",
        ("/v1/policies", "201"): "/v1/policies/{name}",
        ("/v1/policies", "200"): "/v1/policies/{name}",
    }
    linked = {
        (path, status): response
        for path, methods in DOCUMENT["paths"].items()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if "links" in response
    }

    assert set(linked) == set(below)
    for place, response in linked.items():
        assert response["headers"]["Location"]["required"]
        assert {link["operationId"] for link in response["links"].values()} == {
            operation["operationId"]
            for path, methods in DOCUMENT["paths"].items()
            for operation in methods.values()
            if path.startswith(below[place])
        }
        assert all(link["parameters"] for link in response["links"].values())
