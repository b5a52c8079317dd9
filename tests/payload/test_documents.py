"""The documents as OpenAPI shows them, and what their fields take."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel, FailFast, TypeAdapter, ValidationError

from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.state import CellPage, ExperimentEstimate, ExperimentPage
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Account, Pair, Problem, Rep
from coverplan.payload.requests import EvaluateRequest, SolveRequest, ValidateRequest

DOCUMENTS = (Problem, Policy, Options, Plan, SolveRequest, ValidateRequest, EvaluateRequest)


def models(annotation: Any, seen: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """All models that an annotation leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation.__name__ not in seen:
            seen[annotation.__name__] = annotation
            for field in annotation.model_fields.values():
                models(field.annotation, seen)
    else:
        for part in get_args(annotation):
            models(part, seen)
    return seen


EXPERIMENTS = (ExperimentRequest, ExperimentEstimate, ExperimentPage, CellPage, ExperimentResults)
ALL = models(SolveRequest, models(EvaluateRequest, models(ValidateRequest, {})))
for document in EXPERIMENTS:
    models(document, ALL)


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_every_field_is_described(model: type[BaseModel]) -> None:
    for name, field in model.model_json_schema(ref_template="{model}").get("properties", {}).items():
        assert field.get("description") or name == "kind", name
        assert not field.get("description") or field["description"].endswith((".", "`", "...", "`null`")), name


OURS = [model for model in ALL.values() if model.__module__.startswith("coverplan.payload")]


@pytest.mark.parametrize("model", OURS)
def test_every_example_is_valid(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(field.annotation or Any)
        assert field.examples or field.annotation is bool, name
        for example in field.examples or []:
            if example is not None:
                adapter.validate_json(json.dumps(example))


def test_numbers_say_their_unit() -> None:
    schema = Rep.model_json_schema()["properties"]

    assert schema["capacity_hours"]["anyOf"][0]["unit"] == "hours over the horizon"
    assert schema["quota"]["anyOf"][0]["unit"] == "currency"
    assert Account.model_json_schema()["properties"]["potential"]["unit"] == "currency"


@pytest.mark.parametrize("model", ALL.values(), ids=ALL)
def test_every_field_that_may_be_left_out_shows_its_default(model: type[BaseModel]) -> None:
    schema = model.model_json_schema(mode="validation")
    for name, field in schema.get("properties", {}).items():
        assert name in schema.get("required", []) or "default" in field, name


def test_defaults_that_are_made_anew_are_shown_too() -> None:
    assert Problem.model_json_schema()["properties"]["territories"]["default"] == []
    assert Problem.model_json_schema()["properties"]["horizon"]["default"] == {}  # its fields have theirs


def test_defaults_are_those_of_the_contract() -> None:
    assert Options().model_dump() == {
        "time_limit_s": 30.0,
        "relative_gap": 0.001,
        "absolute_gap": 0.0,
        "method": "auto",
        "backend": "auto",
        "seed": 0,
        "deterministic": False,
        "work_limit": None,
    }


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Rep, {"id": "r", "ramp": [1.01]}),
        (Rep, {"id": "r", "capacity_hours": -1.0}),
        (Rep, {"id": "r", "capacity_hours": float("inf")}),
        (Rep, {"id": "r", "start_date": "2027-01-01"}),  # text is a date in JSON only
        (Account, {"id": ""}),
        (Account, {"id": "a", "potential": True}),
        (Account, {"id": "a", "revenue_history": [-1.0]}),
        (Options, {"time_limit_s": 0.0}),
        (Options, {"time_limit_s": 86401.0}),
        (Options, {"seed": -1}),
    ],
)
def test_what_makes_no_sense_is_refused(model: type[BaseModel], fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(fields)


def test_the_value_of_a_pair_may_be_negative() -> None:
    assert Pair(account_id="a", rep_id="r", value=-17).value == -17


def test_long_lists_give_up_early_or_are_short() -> None:
    """Else a flood of faults costs gigabytes before anyone can stop counting."""
    for model in models(SolveRequest.model_fields["problem"].annotation, models(Policy, {})).values():
        for name, field in model.model_fields.items():
            schema = str(TypeAdapter[Any](model).core_schema)
            if "list" in str(field.annotation) or "tuple" in str(field.annotation):
                bounded = any(getattr(one, "max_length", 10**9) <= 10_000 for one in field.metadata)
                quick = any(isinstance(one, FailFast) for one in field.metadata) or "'fail_fast': True" in schema
                assert bounded or quick, f"{model.__name__}.{name}"
