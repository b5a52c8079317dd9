"""Book mix: how much of each book may be of one sort."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, worth
from support.drawing import ACCOUNTS, COUNT, REPS, SHARE, drawn, merged, policies, some
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = merged(
    some({"max_share": SHARE, "max_count": COUNT}),
    st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS}, optional={"min_count": st.just(0)}),
)
MIXED = book(
    {"a": worth(100), "b": {"kind": "prospect", "potential": 40}, "c": {"kind": "prospect", "potential": 30}},
    {"ana": {}, "bo": {}},
)
PROSPECTS = {"kind": "book_mix", "accounts": {"kind": "prospect"}}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"accounts": {"kind": "prospect"}, "max_share": 0.4, "min_count": 1},
            "Accounts of one sort are at most 40 % of each book; at least 1 per book (accounts: prospects).",
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "book_mix", **fields}) == words


def test_rows_weigh_one_sort_against_the_book() -> None:
    """Ana has a and the prospect b: 1 - 0.4 * 2; Bo the prospect c: 1 - 0.4 * 1."""
    cover = {"a": "ana", "b": "ana", "c": "bo"}

    check_rows(MIXED, {**PROSPECTS, "max_share": 0.4}, cover, {"rep:ana": (0.2, None, 0), "rep:bo": (0.6, None, 0)})
    check_rows(
        MIXED,
        {**PROSPECTS, "min_share": 0.4, "max_count": 0},
        cover,
        {
            "rep:ana/min_share": (0.2, 0, None),
            "rep:bo/min_share": (0.6, 0, None),
            "rep:ana/count": (1, None, 0),
            "rep:bo/count": (1, None, 0),
        },
    )


@examples()
@given(problems(), policies(drawn("book_mix", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("book_mix", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_shares_are_counted_in_accounts() -> None:
    """Ana has a, b, c: 2 prospects of 3: 2 - 0.5 * 3 = 0.5 too many, 0.9 * 3 - 2 = 0.7 too few for 90 %."""
    rule = {**PROSPECTS, "min_share": 0.9, "max_share": 1}
    cover = {"a": "ana", "b": "ana", "c": "ana"}

    most = measured(MIXED, {**PROSPECTS, "max_share": 0.5}, cover)
    both = measured(MIXED, rule, cover)

    assert most == {"rep:ana": pytest.approx((0.5, 0.5)), "rep:bo": (0, 0)}
    assert both["rep:ana/min_share"] == pytest.approx((-0.7, 0.7))
    assert both["rep:ana/max_share"] == pytest.approx((-1, 0))


def test_a_pair_of_counts_is_one_row() -> None:
    """Between one and one prospect: Ana has two, Bo none."""
    rule = {**PROSPECTS, "min_count": 1, "max_count": 1}

    assert measured(MIXED, rule, {"b": "ana", "c": "ana"}) == {"rep:ana": (2, 1), "rep:bo": (0, 1)}


def test_the_second_prospect_goes_to_the_other_rep() -> None:
    """Bo is worth half: of the two prospects the smaller one goes to him, 100 + 40 + 15; left out softly: 170 - 10."""
    problem = {**MIXED, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 0.5}]}

    assert value(solved(problem, {**PROSPECTS, "max_count": 1})) == pytest.approx(155)
    assert value(solved(problem, {**PROSPECTS, "max_count": 1, "penalty": 10})) == pytest.approx(160)
