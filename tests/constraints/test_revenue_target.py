"""Revenue target: the expected revenue of a company, team or territory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, measured, solved, value, worth
from support.drawing import AMOUNT, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.one_of(
    st.fixed_dictionaries({"target": AMOUNT, "per": st.sampled_from(["company", "team", "territory"])}),
    st.fixed_dictionaries({"target": AMOUNT, "per": st.just("territory"), "ids": st.just(["north"])}),
)
LAND = book(
    {
        "a": worth(100, territory_id="north", segment="s"),
        "b": worth(80, territory_id="south", segment="s"),
        "c": worth(60, "gone", segment="s"),
    },
    {"ana": {"manager_id": "m", "quota": 150}, "bo": {"quota": 50}},
    managers=[{"id": "m"}],
    territories=[
        {"id": "land", "revenue_target": 200},
        {"id": "north", "parent_id": "land"},
        {"id": "south", "parent_id": "land", "revenue_target": 30},
    ],
    segments=[{"id": "s", "self_serve_share": 0.25}],
)
COVER = {"a": "ana", "c": "bo"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"target": 1200.0}, "The company's expected revenue reaches EUR 1,200."),
        ({"per": "team"}, "Each team's expected revenue reaches its own target."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "revenue_target", **fields}) == words


def test_rows_sum_expected_revenue() -> None:
    """a 100, c 60 less 15 % = 51, and b, which nobody covers, serves itself: a quarter of 80, in no team."""
    teams = {"team:m": (100, 150, None), "rep:bo": (51, 50, None)}
    land = {"territory:land": (120, 200, None), "territory:south": (20, 30, None)}

    check_rows(LAND, {"kind": "revenue_target", "target": 1000}, COVER, {"company": (171, 1000, None)})
    check_rows(LAND, {"kind": "revenue_target", "per": "team"}, COVER, teams)
    check_rows(LAND, {"kind": "revenue_target", "per": "territory"}, COVER, land)


@examples()
@given(problems(), policies(drawn("revenue_target", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("revenue_target", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_the_company_counts_self_serve_and_pays_losses() -> None:
    """a 100, b self-served 80 / 4 = 20, c 60 - 0.15 * 60 = 51: 171 of 200."""
    rule = {"kind": "revenue_target", "target": 200}

    assert measured(LAND, rule, COVER)["company"] == pytest.approx((171, 29))


def test_teams_aim_at_their_summed_quotas() -> None:
    """Ana's team has 100 of 150; Bo is a team of his own: 51 >= 50."""
    rows = measured(LAND, {"kind": "revenue_target", "per": "team"}, COVER)

    assert rows["team:m"] == pytest.approx((100, 50))
    assert rows["rep:bo"] == pytest.approx((51, 0))


def test_territories_have_their_own_targets_and_subtrees() -> None:
    """land holds north and south: 100 + 20 = 120 of 200; south 20 of 30; north has no target, c no territory."""
    rows = measured(LAND, {"kind": "revenue_target", "per": "territory"}, COVER)

    assert rows == {"territory:land": pytest.approx((120, 80)), "territory:south": pytest.approx((20, 10))}


def test_a_team_is_helped_to_its_target_as_long_as_it_pays() -> None:
    """Bo is worth 0.8 of Ana: giving him b costs 16 and ends a shortfall of 50 (0.5 each)."""
    problem = book(
        {"a": worth(100), "b": worth(80)},
        {"ana": {}, "bo": {}},
        fit=[{"rep_id": "bo", "segment": "default", "multiplier": 0.8}],
    )
    rule = {"kind": "revenue_target", "per": "team", "target": 50, "penalty": 0.5}

    assert value(solved(problem, rule)) == pytest.approx(100 + 64)
    assert value(solved(problem, {**rule, "penalty": 0.1})) == pytest.approx(180 - 5)


def test_an_unreachable_hard_target_has_no_plan_but_a_least_violating_one() -> None:
    """All covered by Ana: 100 + 80 + 51 = 231 at most."""
    plan = solved(LAND, {"kind": "revenue_target", "target": 1000})

    assert plan.solution_status == "infeasible"
    assert plan.assignments == []
    assert plan.least_violating is not None
    assert plan.least_violating.constraints[0].violation == pytest.approx(1000 - 231)
