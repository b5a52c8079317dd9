"""Exclusive: competitors do not share a rep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, why_uncovered, worth
from support.drawing import drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries(
    {"groups": st.just([{"id": "one", "accounts": {"ids": ["a0", "a1"]}}, {"id": "all", "accounts": {}}])}
)
COLAS = book({"a": worth(100), "b": worth(80), "c": worth(60), "d": worth(5)}, {"ana": {}, "bo": {}})
RULE = {
    "kind": "exclusive",
    "groups": [
        {"id": "cola", "accounts": {"ids": ["a", "b", "c"]}},
        {"id": "duo", "accounts": {"ids": ["c", "d"]}},
    ],
}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"groups": [{"id": "cola", "accounts": {"ids": ["a1", "a2"]}}]},
            "No rep has two accounts of one group (cola).",
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "exclusive", **fields}) == words


def test_rows_count_each_group_with_each_rep() -> None:
    """Ana has a and b of the colas; Bo c, and c and d of the duo."""
    check_rows(
        COLAS,
        RULE,
        {"a": "ana", "b": "ana", "c": "bo", "d": "bo"},
        {
            "cola/rep:ana": (2, None, 1),
            "cola/rep:bo": (1, None, 1),
            "duo/rep:ana": (0, None, 1),
            "duo/rep:bo": (2, None, 1),
        },
    )


@examples()
@given(problems(), policies(drawn("exclusive", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("exclusive", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_the_violation_is_the_number_beyond_the_first() -> None:
    """Ana has all three of one group, 2 too many, and c and d of the other, 1 too many."""
    assert measured(COLAS, RULE, {"a": "ana", "b": "ana", "c": "ana", "d": "ana"}) == {
        "cola/rep:ana": (3, 2),
        "cola/rep:bo": (0, 0),
        "duo/rep:ana": (2, 1),
        "duo/rep:bo": (0, 0),
    }


def test_two_reps_serve_two_of_three_competitors() -> None:
    """100 + 80, and d beside either; c (60) finds no room. At 50 each, c shares a rep: 245 - 50."""
    hard, soft = solved(COLAS, RULE), solved(COLAS, {**RULE, "penalty": 50})

    assert value(hard) == pytest.approx(185)
    assert why_uncovered(hard) == {"c": "no_room"}
    assert value(soft) == pytest.approx(195)
