"""Balance: fair shares of a measure within a tolerance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import AE, SE, TWO_ROLES, book, bounds, measured, solved, value, worth
from support.drawing import ACCOUNTS, MEASURES, REPS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries(
    {
        "measure": MEASURES,
        "tolerance": st.sampled_from([0.0, 0.2, 0.6]),
        "within": st.sampled_from([None, ["land"], ["north", "south"]]),
        "per": st.sampled_from(["rep", "team"]),
        "share": st.sampled_from(["capacity", "equal"]),
        "accounts": ACCOUNTS,
        "reps": REPS,
    }
)
SHARES = book({"a": worth(250), "b": worth(150)}, {"ana": {"capacity_hours": 30}, "bo": {"capacity_hours": 10}})
TEAMS = book(
    {"a": worth(400, segment="shared"), "b": worth(200, segment="shared")},
    {"ana": {"manager_id": "m"}, "bo": {}, "eva": {"role": SE, "manager_id": "m"}, "finn": {"role": SE}},
    managers=[{"id": "m"}],
    segments=TWO_ROLES,
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"measure": "hours", "tolerance": 0.125, "share": "equal", "per": "team"},
            "Each team's hours is within ±12.5 % of its fair share, in equal parts.",
        ),
        (
            {"measure": "expected_revenue", "within": ["north", "south"], "penalty": 0.25},
            (
                "Each rep's expected revenue is within ±15 % of its fair share, by capacity within north and south; "
                "missing it costs EUR 0.25 per EUR."
            ),
        ),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "balance", **fields}) == words


def test_rows_lie_around_the_fair_share() -> None:
    """By capacity 300 and 100 of 400, +-10 %; of two accounts one each, +-50 %."""
    cover = {"a": "ana", "b": "bo"}
    equal = {"kind": "balance", "measure": "accounts", "share": "equal", "tolerance": 0.5}

    check_rows(
        SHARES, {"kind": "balance", "tolerance": 0.1}, cover, {"rep:ana": (250, 270, 330), "rep:bo": (150, 90, 110)}
    )
    check_rows(SHARES, equal, cover, {"rep:ana": (1, 0.5, 1.5), "rep:bo": (1, 0.5, 1.5)})


@examples()
@given(problems(), policies(drawn("balance", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("balance", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_shares_follow_capacity() -> None:
    """T = 400; Ana 30 / 40 of it = 300 +- 30, Bo 100 +- 10; 250 is 20 short, 150 is 40 over."""
    rule = {"kind": "balance", "tolerance": 0.1}

    rows = measured(SHARES, rule, {"a": "ana", "b": "bo"})

    assert rows["rep:ana"] == pytest.approx((250, 20))
    assert rows["rep:bo"] == pytest.approx((150, 40))


def test_unknown_capacities_get_an_equal_part() -> None:
    """Of three, Cy has none: 1 / 3; Ana and Bo share 2 / 3 as 30 to 10: T = 400 gives 200, 66.7, 133.3."""
    problem = {**SHARES, "reps": [*SHARES["reps"], {"id": "cy"}]}

    rows = bounds(problem, {"kind": "balance", "tolerance": 0})

    assert [rows[f"rep:{name}"][0] for name in ("ana", "bo", "cy")] == pytest.approx([200, 200 / 3, 400 / 3])


def test_uncovered_seats_do_not_shrink_the_target() -> None:
    """Nobody is covered: both miss their lower bounds, 270 and 90."""
    rows = measured(SHARES, {"kind": "balance", "tolerance": 0.1}, {})

    assert rows["rep:ana"] == pytest.approx((0, 270))
    assert rows["rep:bo"] == pytest.approx((0, 90))


def test_two_roles_are_balanced_apart_by_team() -> None:
    """T = 600 for either role, two groups each: the team m, and Bo or Finn alone; equal shares are 300."""
    rule = {"kind": "balance", "per": "team", "share": "equal", "tolerance": 0}

    rows = measured(TEAMS, rule, {"a": "ana", "b": "bo", f"a/{SE}": "eva", f"b/{SE}": "eva"})

    assert rows == {
        f"team:m/{AE}": (400, 100),
        f"rep:bo/{AE}": (200, 100),
        f"team:m/{SE}": (600, 300),
        f"rep:finn/{SE}": (0, 300),
    }


def test_each_territory_is_balanced_by_itself() -> None:
    """Ana covers the land and stands in both scopes; Bo covers the north only: 100 and 60 against 50 or 60."""
    problem = book(
        {"a": worth(100, territory_id="north"), "b": worth(60, territory_id="south")},
        {"ana": {"territory_ids": ["land"]}, "bo": {"territory_ids": ["north"]}},
        territories=[{"id": "land"}, {"id": "north", "parent_id": "land"}, {"id": "south", "parent_id": "land"}],
    )
    rule = {"kind": "balance", "within": ["north", "south"], "tolerance": 0.2}

    rows = measured(problem, rule, {"a": "ana", "b": "ana"})

    assert rows["rep:ana/territory:north"] == pytest.approx((100, 40))  # 50 * 1.2 = 60
    assert rows["rep:bo/territory:north"] == pytest.approx((0, 40))  # 50 * 0.8 = 40
    assert rows["rep:ana/territory:south"] == pytest.approx((60, 0))  # alone there: 60


def test_a_soft_balance_gives_where_it_costs_less_than_the_penalty() -> None:
    """Equal shares of 400 are 200 each: a to Ana, b to Bo misses 50 + 50; at 0.2 that costs 20, both to Ana 80."""
    rule = {"kind": "balance", "share": "equal", "tolerance": 0, "penalty": 0.2}

    assert value(solved(SHARES, rule)) == pytest.approx(380)
