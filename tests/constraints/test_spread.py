"""Spread: at most so many territories or industries in one book."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, why_uncovered, worth
from support.drawing import ACCOUNTS, REPS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries(
    {"max": st.integers(0, 2), "by": st.sampled_from(["territory", "industry"]), "accounts": ACCOUNTS, "reps": REPS}
)
WIDE = book(
    {
        "a": worth(100, territory_id="north", industry="food"),
        "b": worth(60, territory_id="south", industry="food"),
        "c": worth(30, territory_id="land", industry="health"),
        "d": worth(10),
    },
    {"ana": {}, "bo": {}},
    territories=[{"id": "land"}, {"id": "north", "parent_id": "land"}, {"id": "south", "parent_id": "land"}],
)
ALL_TO_ANA = dict.fromkeys("abcd", "ana")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"max": 2, "by": "industry", "penalty": 10.0},
            "Each rep has at most 2 industries; missing it costs EUR 10.00 per industry.",
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "spread", **fields}) == words


@pytest.mark.parametrize(("by", "held"), [("territory", 3), ("industry", 2)])
def test_rows_count_what_differs(by: str, held: int) -> None:
    """Three territories and two industries, as the auxiliaries of the program count them; d has neither."""
    rows = {"rep:ana": (held, None, 1), "rep:bo": (0, None, 1)}

    check_rows(WIDE, {"kind": "spread", "max": 1, "by": by}, ALL_TO_ANA, rows)


@examples()
@given(problems(), policies(drawn("spread", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("spread", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_own_territories_are_counted_once_each() -> None:
    """north, south and land are three, though land holds the others; d has none."""
    assert measured(WIDE, {"kind": "spread", "max": 2}, ALL_TO_ANA) == {"rep:ana": (3, 1), "rep:bo": (0, 0)}


def test_industries_and_filters() -> None:
    """food twice counts once; the filter leaves health out."""
    rule = {"kind": "spread", "max": 1, "by": "industry"}

    assert measured(WIDE, rule, ALL_TO_ANA)["rep:ana"] == (2, 1)
    assert measured(WIDE, {**rule, "accounts": {"ids": ["a", "b", "d"]}}, ALL_TO_ANA)["rep:ana"] == (1, 0)


def test_one_territory_each() -> None:
    """Two reps, three territories: 100 + 60 + 10, and c (30) is left out; at 12 each it shares a rep: 200 - 12."""
    hard, soft = solved(WIDE, {"kind": "spread", "max": 1}), solved(WIDE, {"kind": "spread", "max": 1, "penalty": 12})

    assert value(hard) == pytest.approx(170)
    assert why_uncovered(hard) == {"c": "no_room"}
    assert value(soft) == pytest.approx(188)
