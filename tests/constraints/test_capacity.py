"""Capacity: hours within a share of the ramped hours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, why_uncovered, worth
from support.policies import policies, rules
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
ACCOUNTS = {"a": worth(40, hours=4), "b": worth(35, hours=3), "c": worth(30, hours=3)}
HOURS = book(ACCOUNTS, {"ana": {"capacity_hours": 10}, "bo": {"capacity_hours": 2}, "cy": {}})


@examples()
@given(problems(), policies(rules("capacity")))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(rules("capacity")), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


@pytest.mark.parametrize(
    ("utilisation", "violation"),
    [
        (1.0, {"rep:ana": (7, 0), "rep:bo": (3, 1)}),  # Ana 4 + 3 = 7 <= 10; Bo 3 - 2 = 1
        (0.5, {"rep:ana": (7, 2), "rep:bo": (3, 2)}),  # Ana 7 - 0.5 * 10 = 2; Bo 3 - 0.5 * 2 = 2
    ],
)
def test_hours_beyond_the_share_are_the_violation(
    utilisation: float, violation: dict[str, tuple[float, float]]
) -> None:
    """Ana has a and b, Bo has c; Cy has no capacity, hence no row."""
    rule = {"kind": "capacity", "utilisation": utilisation}

    assert measured(HOURS, rule, {"a": "ana", "b": "ana", "c": "bo"}) == violation


def test_a_full_book_takes_the_best_knapsack() -> None:
    """6 hours: 35 + 30 = 65 with 3 + 3 hours beat 40 with 4; a is left without room."""
    plan = solved(book(ACCOUNTS, {"ana": {"capacity_hours": 6}}), {"kind": "capacity"})

    assert value(plan) == pytest.approx(65)
    assert why_uncovered(plan) == {"a": "no_room"}


def test_soft_overtime_is_bought_where_it_pays() -> None:
    """All three take 10 of 6 hours: 40 + 35 + 30 - 4 * 9 = 69 beats the 65 of the hard rule."""
    plan = solved(book(ACCOUNTS, {"ana": {"capacity_hours": 6}}), {"kind": "capacity", "penalty": 9})

    assert value(plan) == pytest.approx(69)
