"""Answers of a later service: they may have more fields, and words that this version does not know."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pydantic import ValidationError

from coverplan.api.reference.samples import Samples
from coverplan.client import read_webhook
from coverplan.payload.base import Document
from coverplan.payload.leniency import read_answer
from coverplan.payload.policies import StoredPolicy
from coverplan.payload.policy import UnknownConstraint
from coverplan.payload.runs import RunState
from coverplan.payload.service import Limits
from coverplan.payload.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from support.answers import DOCUMENT, NEW_FIELD, NEW_WORD, SCHEMAS, named, with_new_fields, with_new_words


def documents(kind: type[Document]) -> dict[str, type[Document]]:
    """All documents by name."""
    found = {one.__name__: one for one in kind.__subclasses__()}
    for one in tuple(found.values()):
        found |= documents(one)
    return found


REQUESTS = {name for name, schema in SCHEMAS.items() if schema.get("additionalProperties") is False}
ANSWERS = {name: kind for name, kind in documents(Document).items() if name in SCHEMAS and name not in REQUESTS}
WHOLE = Samples(SCHEMAS, whole=True)


def test_the_answers_are_known() -> None:
    """All but pages, whose items are read one by one, and what is at home in requests."""
    described = {name for name in SCHEMAS if name not in REQUESTS and not name.endswith("Output")}

    assert {name for name in described - ANSWERS.keys() if not name.startswith("Page_")} == {"JsonValue"}
    assert {"Plan", "RunState", "BatchTicket", "BatchResult", "ErrorDocument", Limits.__name__} <= ANSWERS.keys()


@pytest.mark.parametrize("name", ANSWERS)
def test_added_fields_are_kept_at_every_level(name: str) -> None:
    sample = WHOLE.of(named(name))
    later = with_new_fields(sample, named(name))

    read = read_answer(ANSWERS[name], json.dumps(later))

    assert read.model_extra == {NEW_FIELD: {"by": 1}}
    assert read.model_dump(by_alias=True, mode="json") == read_answer(ANSWERS[name], json.dumps(sample)).model_dump(
        by_alias=True, mode="json"
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_words_of_a_later_version_stay_what_they_are(name: str) -> None:
    later = with_new_words(WHOLE.of(named(name)), named(name))

    read = read_answer(ANSWERS[name], json.dumps(later))

    assert json.dumps(read.model_dump(by_alias=True, mode="json")).count(NEW_WORD) == json.dumps(later).count(NEW_WORD)


@pytest.mark.parametrize(
    ("change", "code"), [({"job_status": "paused"}, "literal_error"), ({"colour": "red"}, "extra_forbidden")]
)
def test_only_answers_are_read_so(change: dict[str, Any], code: str) -> None:
    state = {"run_id": "r", "job_status": "queued", "created_at": "2027-01-05T08:30:00Z", **change}

    assert read_answer(RunState, json.dumps(state)).run_id == "r"
    with pytest.raises(ValidationError, match=code):
        RunState.model_validate_json(json.dumps(state))


def test_a_rule_of_an_unknown_kind_is_kept_whole() -> None:
    rules = [{"kind": "capacity", "utilisation": 0.9}, {"kind": "tide", "id": "t", "moon": 3}]
    stored = {**WHOLE.of(named("StoredPolicy")), "policy": {"constraints": rules}}

    read = read_answer(StoredPolicy, json.dumps(stored)).policy.constraints

    assert read is not None
    assert isinstance(read[1], UnknownConstraint)
    assert read[1].model_dump(exclude_none=True) == rules[1]


def test_a_message_about_something_new_is_read() -> None:
    """Signed like any other; its kind is one that this version cannot have asked for."""
    body = json.dumps({**WHOLE.of(named("WebhookEvent")), "kind": "moon.full", "moon": {"phase": 1}}).encode()
    at = str(int(time.time()))

    event = read_webhook("s", {TIMESTAMP_HEADER: at, SIGNATURE_HEADER: signature("s", at, body)}, body)

    assert str(event.kind) == "moon.full"
    assert event.model_extra == {"moon": {"phase": 1}}


def test_requests_are_closed_and_answers_open() -> None:
    """Whatever an operation takes admits no other field; nothing that it answers says so."""
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                assert reached(content["schema"]) <= REQUESTS | {"JsonValue"}
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    assert not reached(content["schema"]) & REQUESTS


def reached(part: Any) -> set[str]:
    """Names of the schemas that a part refers to, directly or not."""
    found, ahead = set[str](), [part]
    while ahead:
        for name in set(_referred(ahead.pop())) - found:
            found.add(name)
            ahead.append(SCHEMAS[name])
    return found


def _referred(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else []
        return own + [name for value in part.values() for name in _referred(value)]
    return [name for item in part for name in _referred(item)] if isinstance(part, list) else []
