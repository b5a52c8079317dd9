"""Goal: a corporate sum of a measure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import AE, SE, TWO_ROLES, book, measured, solved, value, worth
from support.drawing import ACCOUNTS, AMOUNT, MEASURES, REPS, drawn, low_high, merged, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = merged(
    low_high("min", "max", AMOUNT.map(lambda amount: amount / 1000)),
    st.fixed_dictionaries({"measure": MEASURES, "accounts": ACCOUNTS, "reps": REPS}),
)
SHARED = book(
    {"a": worth(100, segment="shared", potential=40), "b": worth(60, segment="shared", hours=7)},
    {"ana": {}, "bo": {}, "eva": {"role": SE}},
    segments=TWO_ROLES,
)
COVER = {"a": "ana", "b": "bo", f"a/{SE}": "eva"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"measure": "accounts", "min": 3.0}, "Goal: the accounts is at least 3."),
        ({"role": "sales_engineer", "max": 50.0}, "Goal: the revenue of sales engineer seats is at most EUR 50.00."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "goal", **fields}) == words


def test_the_row_sums_a_measure() -> None:
    """Two accounts; 4 + 7 hours of the first role and 2 of the second; Ana's potential is 40."""
    hours, ana = {"measure": "hours", "max": 5}, {"measure": "potential", "min": 9, "reps": {"ids": ["ana"]}}

    check_rows(SHARED, {"kind": "goal", "measure": "accounts", "min": 1, "max": 1}, COVER, {"company": (2, 1, 1)})
    check_rows(SHARED, {"kind": "goal", **hours}, COVER, {"company": (13, None, 5)})
    check_rows(SHARED, {"kind": "goal", **ana}, COVER, {"company": (40, 9, None)})


@examples()
@given(problems(), policies(drawn("goal", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("goal", FIELDS)), COVERS)
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
