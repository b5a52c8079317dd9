"""Keep current: caps on what leaves its rep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, measured, solved, value, worth
from support.policies import policies, rules
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
HELD = book(
    {"a": worth(100, "ana"), "b": worth(50, "ana"), "c": worth(30, "ana"), "d": worth(20, "gone")},
    {"ana": {}, "bo": {}},
)


@examples()
@given(problems(), policies(rules("keep_current")))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(rules("keep_current")), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_uncovering_is_moving_and_forced_moves_count_nowhere() -> None:
    """Ana could keep three; she keeps a, b goes to Bo, c to nobody; d was held by somebody who left."""
    rule = {"kind": "keep_current", "max_moved_share": 0.5}

    assert measured(HELD, rule, {"a": "ana", "b": "bo", "d": "bo"}) == {"company": (1, 0.5)}  # 0.5 * 3 - 1


def test_several_limits_are_told_apart_by_name() -> None:
    """Kept 1 of 3 with at most 1 moved: 1 short; 100 of 180 with half: 90 <= 100; Bo gains b, d was forced."""
    rule = {"kind": "keep_current", "max_moved": 1, "max_moved_revenue_share": 0.5, "max_gained": 0}

    assert measured(HELD, rule, {"a": "ana", "b": "bo", "d": "bo"}) == {
        "company/max_moved": (1, 1),
        "company/max_moved_revenue_share": (100, 0),
        "company/max_gained": (1, 1),
    }


def test_per_segment_each_has_its_own_cap() -> None:
    """x: a of a, b is kept; y: c is not."""
    accounts = {"a": worth(9, "ana", segment="x"), "b": worth(9, "ana", segment="x"), "c": worth(9, "ana", segment="y")}
    problem = book(accounts, {"ana": {}, "bo": {}}, segments=[{"id": "x"}, {"id": "y"}, {"id": "unused"}])
    rule = {"kind": "keep_current", "max_moved": 0, "per": "segment"}

    rows = measured(problem, rule, {"a": "ana", "b": "bo", "c": "bo"})

    assert rows == {"segment:x": (1, 1), "segment:y": (0, 1)}


def test_the_cap_keeps_the_costliest_moves_from_happening() -> None:
    """Bo doubles the value at 15 % loss: 185, 92.5, 55.5; only one may move: 185 + 50 + 30, and d is forced: 40 - 3."""
    problem = {**HELD, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 2}]}

    plan = solved(problem, {"kind": "keep_current", "max_moved": 1})

    assert value(plan) == pytest.approx(185 + 50 + 30 + 37)
    assert cover_of(plan) == {"a": "bo", "b": "ana", "c": "ana", "d": "bo"}
    assert plan.summary is not None
    assert (plan.summary.moved, plan.summary.forced, plan.summary.kept) == (1, 1, 2)


def test_each_soft_move_costs_its_penalty() -> None:
    """The gains of moving are 85, 42.5 and 25.5 against a price of 30: a and b move; d is forced and free."""
    problem = {**HELD, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 2}]}

    plan = solved(problem, {"kind": "keep_current", "max_moved": 0, "penalty": 30})

    assert value(plan) == pytest.approx(185 + 92.5 + 30 + 37 - 60)
