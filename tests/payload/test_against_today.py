"""A plan against today's assignment: revenue and penalties apart; and a plan that moves much says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.brute import check_evaluate, documents
from support.by_hand import book, solved, worth
from support.drawing import policies
from support.policies import rules
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
TEAM = book({name: worth(100, "ana") for name in "abcd"}, {"ana": {"capacity_hours": 9}, "bo": {"capacity_hours": 9}})
CAPACITY, BALANCE = {"kind": "capacity"}, {"kind": "balance", "tolerance": 0, "penalty": 0.2}


def test_revenue_and_penalties_are_said_apart() -> None:
    """Fair are 200 and 200: two move at 15 each, and Ana's 200 too many and Bo's 200 too few are saved."""
    plan = solved(TEAM, CAPACITY, BALANCE)

    change = plan.against_today
    assert change is not None
    assert [change.revenue, change.penalties_saved] == pytest.approx([-30, 80])
    assert {term.constraint or term.term: term.value for term in change.terms} == {
        "expected_revenue": pytest.approx(0),
        "relationship_loss": pytest.approx(-30),
        "balance": pytest.approx(80),
    }
    assert change.objective == pytest.approx(320)  # 400 - 0.2 * (200 + 200)
    assert (change.broken, change.inadmissible) == ([], 0)


def test_what_today_breaks_is_named() -> None:
    """Ana has 3 hours for 4; d is with Cy, who works elsewhere; e is with nobody."""
    problem = book(
        {
            **{name: worth(100, "ana") for name in "abc"},
            "d": worth(50, "cy", territory_id="east"),
            "e": worth(20),
        },
        {
            "ana": {"capacity_hours": 2, "territory_ids": ["west"]},
            "bo": {"capacity_hours": 9},
            "cy": {"status": "active", "territory_ids": ["west"], "end_date": "2026-12-31"},
        },
        territories=[{"id": "west"}, {"id": "east"}],
    )

    change = solved(problem, CAPACITY, {"kind": "must_cover"}).against_today

    assert change is not None
    assert (change.broken, change.inadmissible) == (["capacity", "must_cover"], 1)


def test_without_anybody_who_holds_a_seat_there_is_no_today() -> None:
    plan = solved(book({"a": worth(100, "gone"), "b": worth(50)}, {"ana": {}}), CAPACITY)

    assert (plan.against_today, plan.upheaval) == (None, None)


def moved_much(problem: Document, *given_rules: Document) -> Plan:
    plan = solved(problem, *given_rules)
    assert plan.summary is not None
    assert (plan.upheaval is not None) == (plan.summary.moved_revenue_share > 0.2)
    return plan


def test_a_plan_that_moves_half_says_what_for_and_the_rule_it_names_prevents_it() -> None:
    plan = moved_much(TEAM, CAPACITY, BALANCE)

    assert plan.upheaval is not None
    assert (plan.upheaval.moved_revenue, plan.upheaval.moved_revenue_share) == (200, 0.5)
    assert plan.upheaval.hard_rules == []
    assert {str(term.constraint): term.value for term in plan.upheaval.buys} == pytest.approx({"balance": 80})
    assert "50.0 % of the revenue, USD 200," in plan.upheaval.message
    assert "buys USD 80 less penalty of balance" in plan.upheaval.message
    assert plan.upheaval.prevented_by is not None
    again = moved_much(TEAM, CAPACITY, BALANCE, plan.upheaval.prevented_by)
    assert again.summary is not None
    assert again.summary.moved == 0


def test_what_hard_rules_force_is_put_down_to_them() -> None:
    """Ana has 2 hours for 4 accounts, and the cap is in force already."""
    problem = {**TEAM, "reps": [{"id": "ana", "capacity_hours": 2}, {"id": "bo", "capacity_hours": 9}]}
    cap = {"kind": "keep_current", "max_moved_revenue_share": 0.1, "penalty": 10}

    plan = moved_much(problem, CAPACITY, cap)

    assert plan.upheaval is not None
    assert (plan.upheaval.hard_rules, plan.upheaval.prevented_by) == (["capacity"], None)
    assert "loosen capacity" in plan.upheaval.message


@pytest.mark.parametrize(("moved", "said"), [(20, False), (21, True)])
def test_more_than_a_fifth_is_much(moved: int, said: bool) -> None:
    """Of 100 one account moves, which only Bo has the hours for."""
    accounts = {"a": worth(100 - moved, "ana"), "b": worth(moved, "ana", hours=5)}

    plan = moved_much(book(accounts, {"ana": {"capacity_hours": 2}, "bo": {"capacity_hours": 9}}), CAPACITY)

    assert (plan.upheaval is not None) == said


@pytest.mark.parametrize("field", ["revenue", "penalties_saved", "objective"])
def test_the_verifier_finds_a_wrong_number(field: str) -> None:
    plan = solved(TEAM, CAPACITY, BALANCE).model_dump(mode="json")
    policy = {"constraints": [CAPACITY, BALANCE]}
    assert verify(TEAM, policy, plan).ok

    plan["against_today"][field] += 1

    assert {failure.code for failure in verify(TEAM, policy, plan).failures} == {"against_today_differs"}


def test_the_verifier_finds_upheaval_that_is_not_said() -> None:
    plan = solved(TEAM, CAPACITY, BALANCE).model_dump(mode="json")

    plan["upheaval"] = None

    found = verify(TEAM, {"constraints": [CAPACITY, BALANCE]}, plan)
    assert {failure.code for failure in found.failures} == {"upheaval_unsaid"}


KINDS = ("balance", "coverage", "family", "same_team", "protect", "must_cover", "revenue_target", "keep_current")


@examples(60)
@given(problems(), policies(*(rules(kind) for kind in KINDS)), COVERS)
def test_today_is_measured_like_the_verifier_does(problem: Document, policy: Document, cover: list[int]) -> None:
    """Any cover against the holders of the seats, under any rules: `check_evaluate` verifies the whole document."""
    check_evaluate(problem, policy, cover)


def test_pairs_that_are_not_listed_change_nothing_about_today() -> None:
    """The fair share of expected revenue is by the best rep of each account, listed or not."""
    problem = generate(60, 8, 8, 3)
    rules = [CAPACITY, {"kind": "balance", "measure": "expected_revenue", "penalty": 0.2}]
    policy = {"constraints": rules, "candidates": {"per_seat": 2}}

    plan = solve(*documents(problem, policy), Options(relative_gap=0.01, time_limit_s=5))

    assert verify(problem, policy, plan.model_dump(mode="json")).ok
