"""Goal: a corporate sum of a measure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from support.brute import check_evaluate, check_solve
from support.by_hand import AE, SE, TWO_ROLES, book, measured, solved, value, worth
from support.policies import policies, rules
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
SHARED = book(
    {"a": worth(100, segment="shared", potential=40), "b": worth(60, segment="shared", hours=7)},
    {"ana": {}, "bo": {}, "eva": {"role": SE}},
    segments=TWO_ROLES,
)
COVER = {"a": "ana", "b": "bo", f"a/{SE}": "eva"}


@examples()
@given(problems(), policies(rules("goal")))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(rules("goal")), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


@pytest.mark.parametrize(
    ("fields", "activity"),
    [
        ({"measure": "accounts"}, 2),  # a and b once each, by their first role
        ({"measure": "revenue"}, 200),  # 100 + 40, and 60
        ({"measure": "hours"}, 13),  # 4 + 7, and 2 for the engineer
        ({"measure": "expected_revenue"}, 185),  # 0.75 * 140 + 0.25 * 140 + 0.75 * 60
        ({"measure": "revenue", "role": SE}, 140),  # a alone has an engineer
        ({"measure": "hours", "role": AE}, 11),  # 4 + 7
        ({"measure": "potential", "reps": {"ids": ["bo"]}}, 0),  # b has none
    ],
)
def test_what_is_summed(fields: Document, activity: float) -> None:
    """Company totals count an account once; hours and expected revenue add up over the roles."""
    rows = measured(SHARED, {"kind": "goal", "min": 0, **fields}, COVER)

    assert rows["company"] == pytest.approx((activity, 0))


def test_a_soft_ceiling_is_paid_for() -> None:
    """100 + 60 with at most one account: 160 - 1 * 50 = 110 beats 100; hard: 100."""
    problem = book({"a": worth(100), "b": worth(60)}, {"ana": {}})

    assert value(solved(problem, {"kind": "goal", "measure": "accounts", "max": 1, "penalty": 50})) == pytest.approx(
        110
    )
    assert value(solved(problem, {"kind": "goal", "measure": "accounts", "max": 1})) == pytest.approx(100)
