"""Churn, counted by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from coverplan.studies import churn
from support.domain import book_of

BOOK = book_of(
    {
        "segments": [
            {"id": "s", "roles": [{"role": "account_executive", "hours": 4}, {"role": "sales_engineer", "hours": 2}]},
            {"id": "t", "roles": [{"role": "account_executive", "hours": 4}]},
        ],
        "accounts": [
            {"id": "a", "segment": "s", "potential": 100.0},
            {"id": "b", "segment": "t", "potential": 30.0},
            {"id": "c", "segment": "t", "potential": 50.0},
        ],
        "reps": [{"id": "ana"}, {"id": "bo"}, {"id": "eva", "role": "sales_engineer"}],
    }
)
"""Seats: a (two roles), b, c."""
ANA, BO, EVA = 0, 1, 2
ONE = np.array([ANA, EVA, ANA, BO], np.int32)
OTHER = np.array([BO, -1, ANA, ANA], np.int32)


def test_an_account_counts_once_however_many_of_its_seats_differ() -> None:
    """a and c differ: 100 + 50."""
    assert churn.difference(BOOK, ONE, OTHER) == churn.Churn(2, 150)
    assert churn.difference(BOOK, ONE, ONE) == churn.Churn(0, 0)


def test_the_matrix_holds_each_two_plans() -> None:
    third = np.array([ANA, EVA, BO, BO], np.int32)  # differs from the first in b, from the second in a, b and c

    accounts, revenue = churn.matrix(BOOK, np.stack([ONE, OTHER, third]))

    assert_array_equal(accounts, [[0, 2, 1], [2, 0, 3], [1, 3, 0]])
    assert_array_equal(revenue, [[0, 150, 30], [150, 0, 180], [30, 180, 0]])


def test_books_gain_and_lose() -> None:
    """Ana loses a and gains c, Bo gains a and loses c, Eva loses a and gets nothing."""
    found = churn.by_rep(BOOK, ONE, OTHER)

    assert_array_equal(found.gained, [1, 1, 0])
    assert_array_equal(found.lost, [1, 1, 1])
    assert_array_equal(found.gained_revenue, [50, 100, 0])
    assert_array_equal(found.lost_revenue, [100, 50, 100])
    assert_array_equal(found.order(), [ANA, BO, EVA])


def test_changes_come_with_the_most_revenue_first() -> None:
    assert_array_equal(churn.changes(BOOK, ONE, OTHER), [0, 1, 3])
