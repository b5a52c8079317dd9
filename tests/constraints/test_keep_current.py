"""Keep current: caps on what leaves its rep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, measured, solved, value, worth
from support.drawing import ACCOUNTS, COUNT, REPS, SHARE, drawn, merged, policies, some
from support.rows import check_rows, in_words, rule_of
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = merged(
    some({"max_moved": COUNT, "max_moved_share": SHARE, "max_moved_revenue_share": SHARE, "max_gained": COUNT}),
    st.fixed_dictionaries({"per": st.sampled_from(["company", "rep", "segment"]), "accounts": ACCOUNTS, "reps": REPS}),
)
HELD = book(
    {"a": worth(100, "ana"), "b": worth(50, "ana"), "c": worth(30, "ana"), "d": worth(20, "gone")},
    {"ana": {}, "bo": {}},
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"max_moved_share": 0.1, "max_gained": 5},
            "At most 10 % of the accounts move; at most 5 accounts are gained.",
        ),
        ({"max_moved": 2, "per": "rep"}, "Per rep, at most 2 accounts move."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "keep_current", **fields}) == words


def test_rows_count_what_stays_and_what_is_gained() -> None:
    """a stays of a, b, c: 3 - 1 at least; 100 of 180, half of it at least; Bo gains b, and d, whose rep is gone."""
    rule = {"kind": "keep_current", "max_moved": 1, "max_moved_revenue_share": 0.5, "max_gained": 0}
    cover = {"a": "ana", "b": "bo", "d": "bo"}

    check_rows(
        HELD,
        rule,
        cover,
        {
            "company/max_moved": (1, 2, None),
            "company/max_moved_revenue_share": (100, 90, None),
            "company/max_gained": (1, None, 0),  # d counts nowhere
        },
    )
    check_rows(
        HELD,
        {"kind": "keep_current", "max_moved": 1, "per": "rep"},
        cover,
        {"rep:ana": (1, 2, None), "rep:bo": (0, -1, None)},
    )


@pytest.mark.parametrize(
    ("limits", "scope", "unit"),
    [
        ({"max_moved_share": 0.1, "max_moved_revenue_share": 0.1}, "company/max_moved_revenue_share", "money"),
        ({"max_moved_share": 0.1, "max_moved_revenue_share": 0.1}, "company/max_moved_share", "accounts"),
        ({"max_moved_revenue_share": 0.1}, "company", "money"),
        ({"max_gained": 3}, "rep:r1", "accounts"),
    ],
)
def test_a_cap_on_moves_counts_accounts_or_money(limits: Document, scope: str, unit: str) -> None:
    """By the limit that the row is about, which its scope names when there are several."""
    assert rule_of({"kind": "keep_current", **limits}).unit_of(scope) == unit


@examples()
@given(problems(), policies(drawn("keep_current", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("keep_current", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_uncovering_is_moving_and_forced_moves_count_nowhere() -> None:
    """Ana could keep three; she keeps a, b goes to Bo, c to nobody; d was held by somebody who left."""
    rule = {"kind": "keep_current", "max_moved_share": 0.5}

    assert measured(HELD, rule, {"a": "ana", "b": "bo", "d": "bo"}) == {"company": (1, 0.5)}  # 0.5 * 3 - 1


def test_several_limits_are_told_apart_by_name() -> None:
    """Kept 1 of 3 with at most 1 moved: 1 short; 100 of 180 with half: 90 <= 100; Bo gains b, d was forced."""
    rule = {"kind": "keep_current", "max_moved": 1, "max_moved_revenue_share": 0.5, "max_gained": 0}

    assert measured(HELD, rule, {"a": "ana", "b": "bo", "d": "bo"}) == {
        "company/max_moved": (1, 1),
        "company/max_moved_revenue_share": (100, 0),
        "company/max_gained": (1, 1),
    }


def test_per_segment_each_has_its_own_cap() -> None:
    """x: a of a, b is kept; y: c is not."""
    accounts = {"a": worth(9, "ana", segment="x"), "b": worth(9, "ana", segment="x"), "c": worth(9, "ana", segment="y")}
    problem = book(accounts, {"ana": {}, "bo": {}}, segments=[{"id": "x"}, {"id": "y"}, {"id": "unused"}])
    rule = {"kind": "keep_current", "max_moved": 0, "per": "segment"}

    rows = measured(problem, rule, {"a": "ana", "b": "bo", "c": "bo"})

    assert rows == {"segment:x": (1, 1), "segment:y": (0, 1)}


def test_the_cap_keeps_the_costliest_moves_from_happening() -> None:
    """Bo doubles the value at 15 % loss: 185, 92.5, 55.5; only one may move: 185 + 50 + 30, and d is forced: 40 - 3."""
    problem = {**HELD, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 2}]}

    plan = solved(problem, {"kind": "keep_current", "max_moved": 1})

    assert value(plan) == pytest.approx(185 + 50 + 30 + 37)
    assert cover_of(plan) == {"a": "bo", "b": "ana", "c": "ana", "d": "bo"}
    assert plan.summary is not None
    assert (plan.summary.moved, plan.summary.forced, plan.summary.kept) == (1, 1, 2)


def test_each_soft_move_costs_its_penalty() -> None:
    """The gains of moving are 85, 42.5 and 25.5 against a price of 30: a and b move; d is forced and free."""
    problem = {**HELD, "fit": [{"rep_id": "bo", "segment": "default", "multiplier": 2}]}

    plan = solved(problem, {"kind": "keep_current", "max_moved": 0, "penalty": 30})

    assert value(plan) == pytest.approx(185 + 92.5 + 30 + 37 - 60)
