"""What generators of clients, linters and readers need of the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from coverplan.constraints import CATALOGUE
from coverplan.payload.error_document import ERROR_KINDS
from coverplan.payload.leniency import read_answer
from coverplan.payload.webhooks import ALL_KINDS, TEST, WebhookEvent
from support.answers import DOCUMENT, SCHEMAS
from support.shown import ANSWERS, shown

JSON, PROBLEM = "application/json", "application/problem+json"
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Media type and description of each answer with a body."""
    for operation in OPERATIONS.values():
        for response in operation["responses"].values():
            yield from response.get("content", {}).items()


def parts(part: Any) -> Iterator[dict[str, Any]]:
    """All objects of a part of the document."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from parts(inner)


def test_every_answer_is_shown() -> None:
    """All but Parquet, which nobody could read."""
    for media, content in answers():
        shown = content.get("examples") if media == PROBLEM else content.get("example")
        assert shown or media == "application/vnd.apache.parquet", content


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_what_is_shown_of_an_answer_is_one(operation: dict[str, Any]) -> None:
    for response in operation["responses"].values():
        content = response.get("content", {}).get(JSON)
        if content is not None:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            faults = jsonschema_rs.Draft202012Validator(schema).iter_errors(content["example"])
            assert [f"{fault.instance_path}: {fault.message}" for fault in faults] == []


def test_every_error_is_shown_with_its_status() -> None:
    for operation in OPERATIONS.values():
        for status, response in operation["responses"].items():
            for code, example in response.get("content", {}).get(PROBLEM, {}).get("examples", {}).items():
                assert example == {"$ref": f"#/components/examples/{code}"}
                assert str(DOCUMENT["components"]["examples"][code]["value"]["status"]) == status
                assert ERROR_KINDS[code].title == DOCUMENT["components"]["examples"][code]["summary"]


def test_what_is_shown_as_it_was_given_is_given() -> None:
    """After a change: `make openapi`."""
    given = shown()
    kept = {file.name: file.read_bytes().decode() for file in ANSWERS.iterdir()}
    versions = [json.loads(texts.pop("plan.json")) for texts in (given, kept)]

    assert kept == given
    for plan in versions:
        assert plan.pop("versions").keys() == {"coverplan", "ortools"}
    assert versions[0] == versions[1]


def test_rules_say_their_kind() -> None:
    """In requests and answers alike the kind is required, described, and leads to one schema."""
    unions = [part for part in parts(SCHEMAS) if "discriminator" in part]

    assert unions
    for union in unions:
        mapping = union["discriminator"]["mapping"]
        assert union["discriminator"]["propertyName"] == "kind"
        assert mapping.keys() == CATALOGUE.keys()
        assert sorted(one["$ref"] for one in union["oneOf"]) == sorted(mapping.values())
        for kind, place in mapping.items():
            schema = SCHEMAS[place.rsplit("/", 1)[1]]
            assert "kind" in schema["required"]
            assert schema["properties"]["kind"]["const"] == kind
            assert schema["properties"]["kind"]["description"]


def test_files_are_typed() -> None:
    """Bodies that are no JSON are bytes; tables and lines that are sent back are, too."""
    for operation in OPERATIONS.values():
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            assert media == JSON or content["schema"]["format"] == "binary"
    for media, content in answers():
        if media not in {JSON, PROBLEM}:
            binary = media in {"application/x-ndjson", "application/vnd.apache.parquet"}
            assert content["schema"]["type"] == "string"
            assert (content["schema"].get("format") == "binary") == binary


def test_streams_say_what_their_events_and_lines_are() -> None:
    streams = [
        content["schema"] for media, content in answers() if media in {"text/event-stream", "application/x-ndjson"}
    ]

    assert len(streams) >= 5
    for schema in streams:
        assert any("$ref" in part for part in parts(schema["contentSchema"]))


def test_every_message_has_a_webhook() -> None:
    """As the receiver gets it: a body that can be read, and the headers that sign it."""
    assert set(DOCUMENT["webhooks"]) == {*ALL_KINDS, TEST}
    for kind, methods in DOCUMENT["webhooks"].items():
        call = methods["post"]
        event = read_answer(WebhookEvent, json.dumps(call["requestBody"]["content"][JSON]["example"]))
        assert event.kind == kind
        assert (event.run is not None) == kind.startswith("run.")
        assert {"Coverplan-Signature", "Coverplan-Timestamp"} <= {header["name"] for header in call["parameters"]}


def test_parameters_are_described_and_never_null() -> None:
    """Neither a query nor a header can be null."""
    for name, operation in OPERATIONS.items():
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])
            assert {"type": "null"} not in parts(parameter["schema"])


def test_operations_say_who_may_call_and_what_they_are_about() -> None:
    tags = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}

    assert all(tags.values())
    assert tags.keys() == {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/", "http://127.0.0.1:8000"]
    for operation in OPERATIONS.values():
        assert operation["security"] == ([{"api_key": []}] if "401" in operation["responses"] else [])


def test_documents_keep_their_names() -> None:
    """A document that goes both ways keeps its name where it is at home."""
    bodies = {
        operation["requestBody"]["content"][JSON]["schema"].get("$ref")
        for operation in OPERATIONS.values()
        if JSON in operation.get("requestBody", {}).get("content", {})
    }

    assert "#/components/schemas/SolveRequest" in bodies
    assert SCHEMAS["SolveRequest"]["properties"]["policy"]["$ref"].endswith("/Policy")
    assert SCHEMAS["StoredPolicy"]["properties"]["policy"]["$ref"].endswith("/PolicyOutput")
    assert SCHEMAS["SolveRequest"]["properties"]["start_plan"]["anyOf"][0]["$ref"].endswith("/PlanInput")
    assert not [name for name in SCHEMAS if name.endswith("Output") and SCHEMAS[name] == SCHEMAS[name[:-6]]]
    sides = {name for name in SCHEMAS if name.endswith(("Input", "Output"))}
    assert {SCHEMAS[name]["title"] for name in sides} == sides
