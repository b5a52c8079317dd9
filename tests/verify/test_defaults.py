"""The verifier by itself fills in the same defaults as the product: documents as people write them, and written out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel

from coverplan.cli.verify import verified
from coverplan.constraints import CATALOGUE
from coverplan.payload.answer import evaluate, solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Assignment, AssignmentIn, Certificate, ConstraintRow, Plan, Price, Uncovered
from coverplan.payload.policy import Policy
from coverplan.payload.rollups import RepBook, TeamBook
from coverplan.verify import Judge, verify
from support.brute import documents
from support.by_hand import book, worth
from support.rich import rich_policies, rich_problems
from support.sampling import COVERS, examples

Document = dict[str, Any]


def thin(value: Any) -> Any:
    """A document with as few words as possible: no field that has its default."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {
            name: thin(own)
            for name in fields
            if (own := getattr(value, name)) != fields[name].get_default(call_default_factory=True) or name == "kind"
        }
    if isinstance(value, list | tuple):
        return [thin(item) for item in value]
    return str(value) if hasattr(value, "isoformat") else value


@examples(60)
@given(rich_problems(), rich_policies(), COVERS)
def test_what_is_left_out_means_what_is_written_out(problem: Document, policy: Document, cover: list[int]) -> None:
    """Objective, terms, rows and verdict of any assignment."""
    facts, wishes = documents(problem, policy)
    short, long = Judge(thin(facts), thin(wishes)), Judge(facts.model_dump(mode="json"), wishes.filled())
    reps = len(facts.reps)
    places = [(cover * 2)[place] for place in range(len(short.case.book.seats))]
    chosen = [place if place < reps else -1 for place in places]

    found, expected = short.evaluate_cover(chosen), long.evaluate_cover(chosen)

    assert (found.objective, found.terms) == (expected.objective, expected.terms)
    assert found.hard_violations == expected.hard_violations
    assert {key: (state.row, state.activity, state.rate) for key, state in found.rows.items()} == {
        key: (state.row, state.activity, state.rate) for key, state in expected.rows.items()
    }


NEEDED: dict[str, Document] = {
    "account_count": {"max": 1},
    "revenue_band": {"max": 90},
    "keep_current": {"max_moved": 0},
    "protect": {"accounts": {"top": 2}},
    "revenue_target": {"target": 400},
    "goal": {"max": 90},
    "book_mix": {"max_share": 0.5, "accounts": {}},
    "exclusive": {"groups": [{"id": "x", "accounts": {}}]},
    "coverage": {"min_share": 0.9},
    "spread": {"max": 0},
}
"""What a rule cannot do without, by kind; a kind that is not here has its required fields from its example."""
SMALL = book(
    {
        "a": worth(100, "ana", territory_id="west", hours=4, industry="food", parent_id="b"),
        "b": worth(80, "bo", territory_id="east", hours=5),
        "c": worth(60, "gone", territory_id="west"),
        "d": worth(10, "gone", territory_id="west", required_skills=["x"]),
    },
    {
        "ana": {"capacity_hours": 6, "manager_id": "m"},
        "bo": {"capacity_hours": 6},
        "hana": {"status": "hired", "start_date": "2027-04-01"},
    },
    managers=[{"id": "m"}],
    territories=[{"id": "west"}, {"id": "east"}],
)
GIVEN = [
    {"account_id": "a", "rep_id": "hana"},
    {"account_id": "b", "rep_id": "ana"},
    {"account_id": "c", "rep_id": "ana"},
]


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
@pytest.mark.parametrize("penalty", [None, 2.0])
def test_every_kind_has_the_products_defaults(kind: str, penalty: float | None) -> None:
    """A rule in as few words as it can have, measured by both."""
    model = CATALOGUE[kind]
    required = {name: model.example[name] for name, field in model.model_fields.items() if field.is_required()}
    needed = NEEDED.get(kind, required)
    policy = {"constraints": [{"kind": kind, **needed, **({"penalty": penalty} if penalty else {})}]}
    plan = evaluate(*documents(SMALL, policy), [AssignmentIn(**one) for one in GIVEN])

    found = verify(SMALL, policy, plan.model_dump(mode="json"))

    assert found.ok, found.failures
    assert plan.constraints or kind in ("family", "same_team")


@pytest.mark.parametrize("policy", [None, {}, {"constraints": None}, {"constraints": []}, {"name": "mine"}])
def test_the_default_policy_is_one(policy: Document | None) -> None:
    """By itself, the verifier takes the same rules as the product, penalties and all, and checks the same bound."""
    facts, wishes = documents(SMALL, policy or {})
    plan = solve(facts, wishes, Options(relative_gap=0.0))

    found = verify(SMALL, policy, plan.model_dump(mode="json"))

    assert found.ok, found.failures
    assert found.bound == pytest.approx(verify(SMALL, Policy.filled(wishes), plan.model_dump(mode="json")).bound)
    assert {row.id for row in plan.constraints} == {rule.id for rule in wishes.rules()}


def removals(plan: Document) -> Iterator[tuple[str, int, str]]:
    """Every field of a listed entry that has a default: list, place and name."""
    for name, model in (("assignments", Assignment), ("uncovered", Uncovered), ("reps", RepBook), ("teams", TeamBook),
                        ("constraints", ConstraintRow)):  # fmt: skip
        for place, entry in enumerate(plan[name]):
            yield from ((name, place, field) for field in optional(model, entry))


def test_a_plan_in_few_words_is_judged_like_the_same_plan_in_many() -> None:
    """Each field that has a default left out, rightly or wrongly: by itself and through the product, one verdict."""
    facts, wishes = documents(SMALL, {})
    plan = evaluate(facts, wishes, [AssignmentIn(**one) for one in GIVEN]).model_dump(mode="json")
    wrong = set()

    assert verify(thin(facts), None, thin(Plan.model_validate_json(json.dumps(plan)))).ok
    for name, place, field in removals(plan):
        short = {**plan, name: [dict(entry) for entry in plan[name]]}
        del short[name][place][field]
        alone = verify(thin(facts), None, short)
        through = verified(facts, wishes, Plan.model_validate_json(json.dumps(short)))
        assert [failure.code for failure in alone.failures] == [failure.code for failure in through.failures], field
        wrong |= {field} if alone.failures else set()

    assert {"forced", "relationship_loss", "previous_rep_id", "interim_hours", "handover_date", "upper"} <= wrong


def test_what_a_solved_plan_leaves_out_is_judged_alike() -> None:
    """Each field of the plan, its certificate and its prices that has a default."""
    facts, wishes = documents(SMALL, {})
    plan = solve(facts, wishes, Options(relative_gap=0.0)).model_dump(mode="json")
    certificate, prices = plan["certificate"], plan["certificate"]["prices"]
    assert prices
    variants = [{key: value for key, value in plan.items() if key != name} for name in optional(Plan, plan)]
    variants += [
        {**plan, "certificate": {key: value for key, value in certificate.items() if key != name}}
        for name in optional(Certificate, certificate)
    ]
    variants += [
        {**plan, "certificate": {**certificate, "prices": [{k: v for k, v in price.items() if k != name}, *prices[1:]]}}
        for price in prices[:1]
        for name in optional(Price, price)
    ]

    for short in variants:
        alone = verify(thin(facts), None, short)
        through = verified(facts, wishes, Plan.model_validate_json(json.dumps(short)))
        assert [failure.code for failure in alone.failures] == [failure.code for failure in through.failures]


def optional(model: type[BaseModel], document: Document) -> list[str]:
    """The fields that the document has and may leave out."""
    return [name for name in document if not model.model_fields[name].is_required()]
