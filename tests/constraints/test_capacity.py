"""Capacity: hours within a share of the ramped hours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, measured, solved, value, why_uncovered, worth
from support.drawing import REPS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries(
    {"utilisation": st.sampled_from([0.5, 1.0])}, optional={"reps": REPS, "count_interim": st.just(True)}
)
ACCOUNTS = {"a": worth(40, hours=4), "b": worth(35, hours=3), "c": worth(30, hours=3)}
HOURS = book(ACCOUNTS, {"ana": {"capacity_hours": 10}, "bo": {"capacity_hours": 2}, "cy": {}})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"utilisation": 0.95}, "Each rep's hours fit into 95 % of the capacity."),
        (
            {"count_interim": True},
            (
                "Each rep's hours, with those on accounts held until their next rep starts, "
                "fit into 100 % of the capacity."
            ),
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "capacity", **fields}) == words


def test_rows_have_a_share_of_the_hours() -> None:
    """Ana 4 + 3 = 7 of 0.5 * 10; Bo 3 of 0.5 * 2; Cy has no capacity, hence no row."""
    rule = {"kind": "capacity", "utilisation": 0.5}

    check_rows(HOURS, rule, {"a": "ana", "b": "ana", "c": "bo"}, {"rep:ana": (7, None, 5), "rep:bo": (3, None, 1)})


@examples()
@given(problems(), policies(drawn("capacity", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("capacity", FIELDS)), COVERS)
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


HANDOVER = book(
    {"a": worth(40, "ana", hours=8), "b": worth(30, "bo", hours=4), "c": worth(20, "hana", hours=2)},
    {
        "ana": {"capacity_hours": 10},
        "bo": {"capacity_hours": 6, "end_date": "2027-02-28"},
        "hana": {"status": "hired", "start_date": "2027-04-01", "capacity_hours": 48},
    },
)
ALL_TO_HANA = {"a": "hana", "b": "hana", "c": "hana"}


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({}, {"rep:ana": (0, 0), "rep:bo": (0, 0), "rep:hana": (14, 0)}),
        # Ana holds a for 3 of 12 months: 8 x 3 / 12; Bo b for 2, then he leaves; c waits for Hana, who holds it.
        ({"count_interim": True}, {"rep:ana": (2, 0), "rep:bo": (4 * 2 / 12, 0), "rep:hana": (14, 0)}),
        (
            {"count_interim": True, "utilisation": 0.1},
            {"rep:ana": (2, 1), "rep:bo": (2 / 3, 17 / 30), "rep:hana": (14, 10.4)},
        ),
        ({"count_interim": True, "reps": {"ids": ["ana"]}}, {"rep:ana": (2, 0)}),
        ({"count_interim": True, "reps": {"ids": ["hana"]}}, {"rep:hana": (14, 0)}),
    ],
)  # fmt: skip
def test_hours_until_the_next_rep_starts_count_where_the_rule_says_so(
    fields: Document, used: dict[str, tuple[float, float]]
) -> None:
    """Hana has 48 x 9 / 12 = 36 hours, Bo 6 x 2 / 12 = 1, Ana 10."""
    rows = measured(HANDOVER, {"kind": "capacity", **fields}, ALL_TO_HANA)

    assert {scope: pytest.approx(row) for scope, row in rows.items()} == used


@pytest.mark.parametrize(("count", "cover"), [(False, {"a": "hana", "b": "ana"}), (True, {"a": "ana"})])
def test_who_holds_an_account_until_april_has_less_room_for_others(count: bool, cover: dict[str, str]) -> None:
    """Ana has 10 hours: a with 8 and nothing else, or b with 9 once Hana takes a over, but for the 2 hours until then.

    a with Ana and b uncovered 40 + 0; a with Hana 40 - 7.2, b with Ana 30: the latter, unless a's 2 hours count.
    """
    problem = book(
        {"a": worth(40, "ana", hours=8), "b": worth(30, hours=9)},
        {"ana": {"capacity_hours": 10}, "hana": {"status": "hired", "start_date": "2027-04-01", "capacity_hours": 11}},
        pairs=[{"account_id": "b", "rep_id": "hana", "eligible": False}],
    )

    plan = solved(problem, {"kind": "capacity", "count_interim": count})

    assert cover_of(plan) == cover
    assert value(plan) == pytest.approx(40 if count else 62.8)
