"""Protect: chosen accounts stay with their rep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.issues import PayloadError
from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, measured, solved, value, worth
from support.drawing import ACCOUNTS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries({"accounts": ACCOUNTS})
HELD = book(
    {"a": worth(100, "ana"), "b": worth(50, "ana"), "c": worth(30, "gone")},
    {"ana": {}, "bo": {}},
    fit=[{"rep_id": "bo", "segment": "default", "multiplier": 2}],
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"accounts": {"top": 20, "by": "potential"}},
            "Protected accounts stay with their current rep (accounts: top 20 by potential).",
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "protect", **fields}) == words


def test_the_row_counts_who_stays() -> None:
    """a and b have a rep who may stay, c has not; a stays, b does not."""
    cover = {"a": "ana", "b": "bo", "c": "bo"}

    check_rows(HELD, {"kind": "protect", "accounts": {}}, cover, {"company": (1, 2, None)})
    check_rows(HELD, {"kind": "protect", "accounts": {"top": 1}}, cover, {"company": (1, 1, None)})


@examples()
@given(problems(), policies(drawn("protect", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("protect", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_only_seats_that_can_stay_are_counted() -> None:
    """The three largest are a, b, c; c's rep left, so 2 are protected; b moves."""
    rule = {"kind": "protect", "accounts": {"top": 3}, "penalty": 40}

    assert measured(HELD, rule, {"a": "ana", "b": "bo", "c": "bo"}) == {"company": (1, 1)}


def test_hard_protection_fixes_the_seat() -> None:
    """Moving a would earn 200 - 15 = 185 instead of 100, but a is the top account; b: 92.5; c: 60 - 4.5."""
    plan = solved(HELD, {"kind": "protect", "accounts": {"top": 1}})

    assert cover_of(plan)["a"] == "ana"
    assert value(plan) == pytest.approx(100 + 92.5 + 55.5)


def test_soft_protection_is_a_price() -> None:
    """Moving gains 85 for a and 42.5 for b; at 60 each, only a moves."""
    plan = solved(HELD, {"kind": "protect", "accounts": {}, "penalty": 60})

    assert cover_of(plan) == {"a": "bo", "b": "ana", "c": "bo"}
    assert value(plan) == pytest.approx(185 - 60 + 50 + 55.5)


def test_protected_members_of_one_family_with_two_reps_cannot_both_stay() -> None:
    """The family takes one rep: Ana keeps a, then b (Bo's) breaks the rule; so both are refused."""
    problem = book({"a": worth(9, "ana"), "b": worth(9, "bo", parent_id="a")}, {"ana": {}, "bo": {}})

    with pytest.raises(PayloadError) as refusal:
        solved(problem, {"kind": "family"}, {"kind": "protect", "accounts": {}})

    assert [issue.code for issue in refusal.value.report.errors] == ["family_locked_apart"]
