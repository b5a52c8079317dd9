"""The schemas of the OpenAPI document: requests are closed, answers may have more fields one day.

A document that is sent both ways has two schemas. Its name stays with the side where it is at home: a policy is asked
for, so the one in an answer is `PolicyOutput`; a plan is an answer, so the one to start from is `PlanInput`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Schemas = dict[str, dict[str, Any]]
PLACE = "#/components/schemas/"


def schemas_of(models: Iterable[type[BaseModel]], side: Literal["validation", "serialization"]) -> Schemas:
    """The schemas of these models and of all that they hold, as they are sent to the service or by it."""
    _, found = models_json_schema([(model, side) for model in models], ref_template=PLACE + "{model}")
    schemas: Schemas = found["$defs"]
    return schemas


def both(
    requests: Schemas, answers: Schemas, asked: Iterable[str], answered: Iterable[str]
) -> tuple[Schemas, dict[str, str]]:
    """All schemas under names of their own, and the new names of those in answers.

    `asked` and `answered` are the documents that whole requests and answers are.
    """
    answers = {name: _opened(schema) for name, schema in answers.items()}
    at_home = _reached(asked, requests, set(answered))
    differing = _differing(requests, answers)
    outputs = {name: f"{name}Output" for name in differing & at_home}
    inputs = {name: f"{name}Input" for name in differing - at_home}
    taken = (outputs.keys() | inputs.keys()) & {*outputs.values(), *inputs.values()}
    if taken:
        raise ValueError(f"two schemas are called {', '.join(sorted(taken))}")
    together = _renamed(answers, outputs) | _renamed(requests, inputs)
    return dict(sorted(together.items())), outputs


def refer(part: Any, names: Mapping[str, str]) -> Any:
    """The part of a document with its references to schemas under their new names."""
    if isinstance(part, list):
        return [refer(item, names) for item in part]
    if isinstance(part, dict):
        return {key: refer(value, names) for key, value in part.items()}
    if isinstance(part, str) and part.startswith(PLACE):
        name = part.removeprefix(PLACE)
        return PLACE + names.get(name, name)
    return part


def referred(part: Any) -> Iterator[str]:
    """Names of the schemas that a part of a document refers to."""
    if isinstance(part, list):
        for item in part:
            yield from referred(item)
    elif isinstance(part, dict):
        for value in part.values():
            yield from referred(value)
    elif isinstance(part, str) and part.startswith(PLACE):
        yield part.removeprefix(PLACE)


def _opened(part: Any) -> Any:
    """The schema of what may have more fields than are known."""
    if isinstance(part, list):
        return [_opened(item) for item in part]
    if isinstance(part, dict):
        return {key: _opened(value) for key, value in part.items() if (key, value) != ("additionalProperties", False)}
    return part


def _reached(roots: Iterable[str], schemas: Schemas, elsewhere: set[str]) -> set[str]:
    """What the roots hold, less what is only in a document that is at home elsewhere."""
    found, ahead = set[str](), list(roots)
    while ahead:
        name = ahead.pop()
        if name not in found and name not in elsewhere:
            found.add(name)
            ahead.extend(referred(schemas[name]))
    return found


def _differing(requests: Schemas, answers: Schemas) -> set[str]:
    """Names that stand for different schemas, or for the same with different parts."""
    shared = requests.keys() & answers.keys()
    differing = {name for name in shared if requests[name] != answers[name]}
    while more := {name for name in shared - differing if not differing.isdisjoint(referred(requests[name]))}:
        differing |= more
    return differing


def _renamed(schemas: Schemas, names: Mapping[str, str]) -> Schemas:
    renamed = {names.get(name, name): refer(schema, names) for name, schema in schemas.items()}
    for name in names.values():
        renamed[name]["title"] = name
    return renamed
