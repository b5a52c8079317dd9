"""Account count: how many accounts a rep may hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, worth
from support.drawing import ACCOUNTS, COUNT, REPS, drawn, low_high, merged, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = merged(low_high("min", "max", COUNT), st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS}))
THREE = book({"a": worth(100), "b": worth(40), "c": worth(30, kind="prospect", potential=8)}, {"ana": {}, "bo": {}})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"min": 3, "max": 40, "penalty": 500.0},
            "Each rep has 3 to 40 accounts; missing it costs EUR 500.00 per account.",
        ),
        ({"min": 3}, "Each rep has at least 3 accounts."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "account_count", **fields}) == words


def test_rows_count_accounts() -> None:
    """Ana has all three, of which two are customers."""
    cover = {"a": "ana", "b": "ana", "c": "ana"}
    customers = {"kind": "account_count", "max": 1, "accounts": {"kind": "customer"}, "reps": {"ids": ["ana"]}}

    check_rows(THREE, {"kind": "account_count", "min": 1, "max": 2}, cover, {"rep:ana": (3, 1, 2), "rep:bo": (0, 1, 2)})
    check_rows(THREE, customers, cover, {"rep:ana": (2, None, 1)})


@examples()
@given(problems(), policies(drawn("account_count", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("account_count", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_too_many_and_too_few() -> None:
    """Of 1 to 2 accounts Ana has 3, one too many; Bo has 0, one too few."""
    rule = {"kind": "account_count", "min": 1, "max": 2}

    assert measured(THREE, rule, {"a": "ana", "b": "ana", "c": "ana"}) == {"rep:ana": (3, 1), "rep:bo": (0, 1)}


def test_filters_choose_accounts_and_reps() -> None:
    """Only the two customers count, and only for Ana: 2 - 1 = 1."""
    rule = {"kind": "account_count", "max": 1, "accounts": {"kind": "customer"}, "reps": {"ids": ["ana"]}}

    assert measured(THREE, rule, {"a": "ana", "b": "ana", "c": "ana"}) == {"rep:ana": (2, 1)}


def test_a_starter_goes_where_it_costs_least() -> None:
    """Bo is worth half: 100 + 40 to Ana, the prospect's 8 * 0.5 to Bo: 144; without the rule it were 148."""
    problem = {**THREE, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 0.5}]}

    assert value(solved(problem, {"kind": "account_count", "min": 1})) == pytest.approx(144)
    assert value(solved(problem, {"kind": "account_count", "min": 1, "penalty": 3})) == pytest.approx(145)  # 148 - 3
