"""What an account is worth, what a pair is worth, and what a change of rep costs."""

from __future__ import annotations

from typing import Any

import pytest

from support.by_hand import AE, SE, TWO_ROLES, book
from support.domain import book_of, candidates_of, pair

HISTORY = [1000.0, 1200.0, 1000.0]


@pytest.mark.parametrize(
    ("fields", "existing"),
    [
        ({}, 0),
        ({"revenue_history": [1000]}, 1000),
        ({"revenue_history": [800, 1000]}, (0.5 * 1000 + 0.3 * 800) / 0.8 * 1.25),  # 925 x trend 1.25
        ({"revenue_history": HISTORY}, (0.5 * 1000 + 0.3 * 1200 + 0.2 * 1000) * 1000 / 1200),  # 1,060 x 0.833
        ({"revenue_history": [9e9, *HISTORY]}, 1060 * 1000 / 1200),  # the last three years only
        ({"revenue_history": [100, 1000]}, (0.5 * 1000 + 0.3 * 100) / 0.8 * 1.25),  # tenfold: clipped to 1.25
        ({"revenue_history": [1000, 100]}, (0.5 * 100 + 0.3 * 1000) / 0.8 * 0.75),  # a tenth: clipped to 0.75
        ({"revenue_history": [0, 100]}, 0.5 * 100 / 0.8),  # no trend from nothing
        ({"revenue_history": [600], "last_year_months": 6}, 1200),  # half a year at the same pace
        # 900 in 9 months are 1,200 a year, at 9 / 12 of the weight 0.5, beside 1,000 at 0.3: 844.2... x trend 1.2
        ({"revenue_history": [1000, 900], "last_year_months": 9}, (0.375 * 1200 + 0.3 * 1000) / 0.675 * 1.2),
        ({"revenue_history": [1000, 10], "last_year_months": 1}, (0.5 / 12 * 120 + 300) / (0.5 / 12 + 0.3) * 0.75),
        ({"revenue_history": [], "last_year_months": 3}, 0),
        ({"revenue_history": [500], "expected_revenue": 7, "last_year_months": 3}, 7),
        ({"revenue_history": HISTORY, "expected_revenue": 7}, 7),
        ({"revenue_history": HISTORY, "kind": "prospect"}, 0),
    ],
)
def test_existing_revenue(fields: dict[str, Any], existing: float) -> None:
    """Weights 0.5, 0.3, 0.2, newest first, renormalised, times the clipped trend."""
    assert book_of(book({"a": fields}, {"ana": {}})).existing[0] == pytest.approx(existing)


def test_half_a_year_is_half_the_revenue_but_not_half_of_what_is_given_for_it() -> None:
    """Histories are per year, expected revenue and potential are over the horizon."""
    problem = book({"a": {"revenue_history": [1000]}, "b": {"expected_revenue": 300, "potential": 50}}, {"ana": {}})
    problem["horizon"]["months"] = 6

    assert book_of(problem).revenue.tolist() == pytest.approx([500, 350])


def test_a_pair_is_worth_share_fit_presence_and_timing() -> None:
    """Ana works 9 of 12 months and closes after 3 more, in half of the cases; a fifth serves itself without her.

    existing 800 x (0.75 + 0.25 x 0.2) = 640; new 400 x 0.5 x 0.5 = 100; fit 1.5 x 2 x 0.5 = 1.5; share 0.75.
    """
    segment = {**TWO_ROLES[0], "self_serve_share": 0.2, "cycle_days": 91.3125, "conversion": 0.5}
    problem = book(
        {"a": {"segment": "shared", "expected_revenue": 800, "potential": 400, "industry": "food"}},
        {"ana": {"start_date": "2027-04-01"}, "eva": {"role": SE}},
        segments=[segment],
        fit=[
            {"rep_id": "ana", "account_id": "a", "multiplier": 1.5},
            {"rep_id": "ana", "segment": "shared", "multiplier": 2},
            {"rep_id": "ana", "industry": "food", "multiplier": 0.5},
        ],
    )

    pairs = candidates_of(problem)

    assert pairs.value[pair(pairs, "a", "ana")] == pytest.approx(0.75 * 1.5 * 740)
    assert pairs.value[pair(pairs, "a", "eva")] == pytest.approx(0.25 * (800 + 400 * 0.5))
    assert pairs.book.self_serve.tolist() == pytest.approx([0.75 * 160, 0.25 * 160])


@pytest.mark.parametrize(
    ("account", "rate_times_base"),
    [
        ({}, [0, 150, 180, 180, 130]),  # Bo 15 %; Cy starts within the horizon, Di is to be hired; Ed knows food
        ({"industry": None}, [0, 150, 180, 180, 150]),
        ({"relationship_strength": 0.5}, [0, 75, 90, 90, 65]),
        ({"kind": "prospect"}, [0, 0, 0, 0, 0]),
        ({"segment": "own"}, [0, 300, 300, 300, 300]),  # the segment's own rate
        ({"expected_revenue": 5000}, [0, 750, 900, 900, 650]),  # what is expected, not what was
        ({"expected_revenue": 2000, "revenue_history": []}, [0, 300, 360, 360, 260]),
        ({"revenue_history": [1000, 0]}, [0, *(rate * 281.25 for rate in (0.15, 0.18, 0.18, 0.13))]),  # 375 x 0.75
        ({"revenue_history": [250], "last_year_months": 3}, [0, 150, 180, 180, 130]),
        ({"current": [{"rep_id": "gone"}]}, [150, 150, 180, 180, 130]),  # paid although the move is forced
        ({"current": []}, [0, 0, 0, 0, 0]),
    ],
)
def test_relationship_loss(account: dict[str, Any], rate_times_base: list[float]) -> None:
    """Of 1,000 that are expected, by who takes over: a last year of nothing makes no move free."""
    fields = {"revenue_history": [1000], "industry": "food", "current": [{"rep_id": "ana"}], **account}
    problem = book(
        {"a": fields, "b": {"industry": "food", "current": [{"rep_id": "ed"}]}},
        {"ana": {}, "bo": {}, "cy": {"start_date": "2027-01-01"}, "di": {"status": "open"}, "ed": {}},
        segments=[{"id": "default"}, {"id": "own", "relationship_loss": 0.3}],
    )

    pairs = candidates_of(problem)

    losses = [pairs.loss[pair(pairs, "a", rep)] for rep in ("ana", "bo", "cy", "di", "ed")]
    assert losses == pytest.approx(rate_times_base)


def test_holding_the_account_itself_in_another_role_is_no_knowledge_of_its_industry() -> None:
    """Eva is the engineer of the only food account: 15 %, not 13 %, of 1,000 at the weight 0.5 of the second role."""
    executive, engineer = {"role": AE, "revenue_share": 0.75}, {"role": SE, "revenue_share": 0.25}
    roles = [executive, {**engineer, "relationship_weight": 0.5}]
    current = [{"role": AE, "rep_id": "ana"}, {"role": SE, "rep_id": "gone"}]
    account = {"segment": "shared", "industry": "food", "revenue_history": [1000], "current": current}
    problem = book({"a": account}, {"eva": {"role": SE}}, segments=[{"id": "shared", "roles": roles}])

    pairs = candidates_of(problem)

    assert pairs.loss[pair(pairs, "a", "eva")] == pytest.approx(0.5 * 150)


def test_the_callers_own_numbers_replace_value_and_hours_but_not_the_loss() -> None:
    """Bo's value is given; the loss of 15 % of 1,000 stays."""
    problem = book(
        {"a": {"revenue_history": [1000], "current": [{"rep_id": "ana"}], "hours": 3}},
        {"ana": {}, "bo": {}},
        pairs=[
            {"account_id": "a", "rep_id": "bo", "value": -5, "hours": 7},
            {"account_id": "a", "rep_id": "ana", "hours": 2},
        ],
    )

    pairs = candidates_of(problem)

    ana, bo = pair(pairs, "a", "ana"), pair(pairs, "a", "bo")
    assert (pairs.value[ana], pairs.hours[ana], pairs.loss[ana]) == (1000, 2, 0)
    assert (pairs.value[bo], pairs.hours[bo], pairs.loss[bo]) == (-5, 7, 150)
