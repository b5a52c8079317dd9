"""Persistence of seats, by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from coverplan.studies.stability import least_stable, persistence


def test_a_seat_persists_where_it_gets_the_same_rep_or_stays_uncovered() -> None:
    plan = np.array([0, 1, -1], np.int32)
    others = np.array([[0, 0, -1], [0, 1, 0], [0, 0, -1], [0, 0, -1]], np.int32)

    assert_allclose(persistence(plan, others), [1, 0.25, 0.75])


def test_the_least_stable_come_first_then_those_with_more_revenue() -> None:
    shares, revenue = np.array([0.5, 1.0, 0.5, 0.25]), np.array([10.0, 99.0, 20.0, 5.0])

    assert_array_equal(least_stable(shares, revenue, 10), [3, 2, 0])
    assert_array_equal(least_stable(shares, revenue, 1), [3])
