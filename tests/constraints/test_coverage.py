"""Coverage: a share of the accounts or revenue is covered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, worth
from support.drawing import ACCOUNTS, SHARE, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries(
    {
        "min_share": SHARE,
        "measure": st.sampled_from(["accounts", "revenue"]),
        "per": st.sampled_from(["company", "territory", "segment"]),
        "accounts": ACCOUNTS,
    }
)
LAND = book(
    {
        "a": worth(100, territory_id="land"),
        "b": worth(300, territory_id="north"),
        "c": worth(50, territory_id="north", required_skills=["x"]),
        "d": worth(10),
    },
    {"ana": {}},
    territories=[{"id": "land"}, {"id": "north", "parent_id": "land"}, {"id": "empty"}],
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"min_share": 0.9, "measure": "revenue", "per": "territory"},
            "Per territory, at least 90 % of the revenue is covered.",
        ),
        ({"min_share": 0.5}, "At least 50 % of the accounts is covered."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "coverage", **fields}) == words


def test_rows_take_a_share_of_each_group() -> None:
    """Of a, b and c in the land two are covered, 0.9 * 3 asked; of b and c in the north one, 0.9 * 2 asked."""
    rule, cover = {"kind": "coverage", "min_share": 0.9}, {"a": "ana", "b": "ana"}
    by_land = {"territory:land": (2, 2.7, None), "territory:north": (1, 1.8, None)}

    check_rows(LAND, {**rule, "per": "territory"}, cover, by_land)
    check_rows(LAND, {**rule, "measure": "revenue"}, cover, {"company": (400, 414, None)})  # of 460


@examples()
@given(problems(), policies(drawn("coverage", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("coverage", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_groups_hold_their_subtrees_and_those_nobody_may_serve() -> None:
    """land: a, b, c: 0.5 * 3 - 1; north: b, c: 0.5 * 2 - 0; the empty territory is skipped, d has none."""
    rule = {"kind": "coverage", "min_share": 0.5, "per": "territory"}

    assert measured(LAND, rule, {"a": "ana"}) == {"territory:land": (1, 0.5), "territory:north": (0, 1)}


def test_shares_of_revenue() -> None:
    """460 in all; 0.9 of it is 414; a and b are 400."""
    rule = {"kind": "coverage", "min_share": 0.9, "measure": "revenue"}

    assert measured(LAND, rule, {"a": "ana", "b": "ana"})["company"] == pytest.approx((400, 14))


def test_a_share_is_reached_by_the_cheapest_accounts() -> None:
    """Each account costs money; two of three must be covered: 10 and 20; at a price of 15 each only the first pays."""
    costs = {"a": -10, "b": -20, "c": -40}
    problem = book(
        {name: {} for name in costs},
        {"ana": {}},
        pairs=[{"account_id": name, "rep_id": "ana", "value": cost} for name, cost in costs.items()],
    )
    rule = {"kind": "coverage", "min_share": 0.6}  # 1.8 accounts

    assert value(solved(problem, rule)) == pytest.approx(-30)
    # Softly at 15: a alone leaves 0.8 short: -10 - 12; with b -30; with neither -27.
    assert value(solved(problem, {**rule, "penalty": 15})) == pytest.approx(-22)
