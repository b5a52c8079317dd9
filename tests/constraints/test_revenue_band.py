"""Revenue band: base revenue per rep, in money or in quotas."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, worth
from support.drawing import ACCOUNTS, AMOUNT, REPS, drawn, low_high, merged, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = merged(low_high("min", "max", AMOUNT), st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS}))
QUOTAS = book(
    {"a": worth(500), "b": worth(200, potential=100)}, {"ana": {"quota": 1000}, "bo": {"quota": 400}, "cy": {}}
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max": 2000000.0}, "Each rep's revenue is at most EUR 2,000,000."),
        ({"min": 0.8, "max": 1.2, "relative_to": "quota"}, "Each rep's revenue is 80 % to 120 % of the quota."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "revenue_band", **fields}) == words


def test_rows_hold_base_revenue() -> None:
    """500, and 200 + 100; Cy has no quota, hence no row in quotas: 0.5 * 1000 and 0.5 * 400."""
    cover, half = {"a": "ana", "b": "bo"}, {"kind": "revenue_band", "max": 0.5, "relative_to": "quota"}
    money = {"rep:ana": (500, 350, None), "rep:bo": (300, 350, None), "rep:cy": (0, 350, None)}

    check_rows(QUOTAS, {"kind": "revenue_band", "min": 350}, cover, money)
    check_rows(QUOTAS, half, cover, {"rep:ana": (500, None, 500), "rep:bo": (300, None, 200)})


@examples()
@given(problems(), policies(drawn("revenue_band", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("revenue_band", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_absolute_bounds() -> None:
    """Ana's base revenue is 500, b's is 200 + 100 = 300; Cy has none."""
    rule = {"kind": "revenue_band", "min": 350, "max": 450}

    rows = measured(QUOTAS, rule, {"a": "ana", "b": "bo"})

    assert rows == {"rep:ana": (500, 50), "rep:bo": (300, 50), "rep:cy": (0, 350)}


def test_bounds_in_quotas_skip_reps_without_one() -> None:
    """Ana: 0.9 * 1000 = 900, 500 is 400 short; Bo: 0.9 * 400 = 360, 300 is 60 short."""
    rule = {"kind": "revenue_band", "min": 0.9, "relative_to": "quota"}

    assert measured(QUOTAS, rule, {"a": "ana", "b": "bo"}) == {"rep:ana": (500, 400), "rep:bo": (300, 60)}


def test_money_beyond_a_soft_band_costs_its_penalty() -> None:
    """Ana alone with 800 of at most 600: 800 - 200 * 0.5 = 700 beats leaving b (300) out."""
    problem = book({"a": worth(500), "b": worth(300)}, {"ana": {}})

    assert value(solved(problem, {"kind": "revenue_band", "max": 600, "penalty": 0.5})) == pytest.approx(700)
    assert value(solved(problem, {"kind": "revenue_band", "max": 600})) == pytest.approx(500)


def test_a_soft_band_stays_soft_beside_billions() -> None:
    """In a small currency 3e9 against at most 1e9: 3e9 - 0.2 * 2e9 = 2.6e9."""
    problem = book({"a": worth(3e9)}, {"ana": {}})

    assert value(solved(problem, {"kind": "revenue_band", "max": 1e9, "penalty": 0.2})) == pytest.approx(2.6e9)
