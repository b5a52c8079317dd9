"""Metrics, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from coverplan.studies.metrics import BY_NAME, METRICS, balance, measure
from support.domain import book_of

PROBLEM = {
    "segments": [{"id": "s", "roles": [{"role": "account_executive", "hours": 4}], "self_serve_share": 0.5}],
    "accounts": [
        {"id": "a", "segment": "s", "expected_revenue": 100.0, "current": [{"rep_id": "ana"}]},
        {"id": "b", "segment": "s", "expected_revenue": 60.0, "current": [{"rep_id": "ana"}]},
        {"id": "c", "segment": "s", "expected_revenue": 40.0, "current": [{"rep_id": "gone"}]},
        {"id": "d", "segment": "s", "kind": "prospect", "potential": 20.0},
    ],
    "reps": [{"id": "ana", "capacity_hours": 10}, {"id": "bo", "capacity_hours": 5}, {"id": "cy"}],
}
ANA, BO, CY = 0, 1, 2


def test_money_moves_and_hours() -> None:
    """Ana keeps a; b moves to Bo, d is new for Bo; c stays uncovered and serves itself by half.

    Revenue 100 + 60 + 20 + 0.5 x 40; loss 0.15 x 60; Bo plans 8 of 5 hours, Ana 4 of 10, Cy has no capacity.
    """
    found = measure(book_of(PROBLEM), np.array([ANA, BO, -1, BO], np.int32))

    assert found["expected_revenue"] == pytest.approx(200)
    assert found["relationship_loss"] == pytest.approx(9)
    assert found["net_revenue"] == pytest.approx(191)
    assert (found["kept"], found["new"], found["uncovered"], found["uncovered_share"]) == (1, 1, 1, 0.25)
    assert (found["hours_over"], found["hours_under"], found["travel"]) == (3, 6, 0)


@pytest.mark.parametrize(("hours", "over"), [(0.3, 0.0), (0.2999985, 1.5e-6), (0.2999998, 0.0)])
def test_hours_are_over_where_the_rule_says_so(hours: float, over: float) -> None:
    """0.1 + 0.2 is 0.30000000000000004; a row of 0.3 may be missed by 1e-6 of that."""
    accounts = [{"id": name, "potential": 1.0, "hours": value} for name, value in (("a", 0.1), ("b", 0.2))]
    problem = {"accounts": accounts, "reps": [{"id": "ana", "capacity_hours": hours}]}

    found = measure(book_of(problem), np.array([ANA, ANA], np.int32))

    assert found["hours_over"] == pytest.approx(over, abs=1e-15)
    assert found["hours_under"] == 0.0


def test_balance_compares_books_with_fair_shares() -> None:
    """Fair shares by capacity: Ana 4/9, Bo 2/9, Cy (unknown) 1/3. Books 160, 40 and 20: loads 360, 180 and 60."""
    found = balance(book_of(PROBLEM), np.array([ANA, ANA, BO, CY], np.int32))

    loads = np.array([360.0, 180.0, 60.0])
    assert found["revenue_max_min"] == pytest.approx(6)
    assert found["revenue_cv"] == pytest.approx(loads.std() / 200)
    assert found["revenue_gini"] == pytest.approx(2 * (180 + 300 + 120) / (2 * 9 * 200))  # all differences, twice


def test_books_at_their_fair_shares_are_balanced() -> None:
    """Capacities 2 : 1, books 100 and 50."""
    accounts = [{"id": "a", "potential": 100.0}, {"id": "b", "potential": 50.0}]
    reps = [{"id": "ana", "capacity_hours": 10}, {"id": "bo", "capacity_hours": 5}]

    found = balance(book_of({"accounts": accounts, "reps": reps}), np.array([ANA, BO], np.int32))

    assert found == {"revenue_max_min": pytest.approx(1), "revenue_cv": 0, "revenue_gini": 0}


def test_an_empty_book_has_no_ratio_and_no_revenue_no_balance() -> None:
    book = book_of(PROBLEM)

    assert balance(book, np.array([ANA, ANA, ANA, BO], np.int32))["revenue_max_min"] is None
    assert balance(book, np.full(4, -1, np.int32)) == dict.fromkeys(
        ("revenue_max_min", "revenue_cv", "revenue_gini"), None
    )


def test_a_rep_without_a_fair_share_is_left_out() -> None:
    """Bo has no hours at all: only Ana is left, and alone she is balanced."""
    problem = {
        "accounts": [{"id": "a", "potential": 100.0}],
        "reps": [{"id": "ana", "capacity_hours": 10}, {"id": "bo", "capacity_hours": 0}],
    }

    assert balance(book_of(problem), np.array([ANA], np.int32))["revenue_cv"] == 0


def test_of_several_roles_the_worst_counts() -> None:
    """Executives hold 100 and 100; of the engineers Eva holds both accounts and Fay nothing."""
    roles = [{"role": "account_executive", "hours": 1}, {"role": "sales_engineer", "hours": 1}]
    problem = {
        "segments": [{"id": "s", "roles": roles}],
        "accounts": [{"id": name, "segment": "s", "potential": 100.0} for name in "ab"],
        "reps": [
            {"id": "ana"},
            {"id": "bo"},
            {"id": "eva", "role": "sales_engineer"},
            {"id": "fay", "role": "sales_engineer"},
        ],
    }

    found = balance(book_of(problem), np.array([0, 2, 1, 2], np.int32))

    assert (found["revenue_cv"], found["revenue_gini"], found["revenue_max_min"]) == (1, 0.5, None)


def test_each_metric_has_a_unit_and_a_direction() -> None:
    assert len(BY_NAME) == len(METRICS)
    assert all(metric.unit and metric.direction in ("higher", "lower", "none") for metric in METRICS)
    assert all(metric.description.endswith(".") for metric in METRICS)
