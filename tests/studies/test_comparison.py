"""Paired differences and the verdict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coverplan.studies.comparison import better, paired, winner

INF = np.inf


def test_fewer_than_three_pairs_have_no_interval() -> None:
    (two,) = paired(np.array([[1.0, 3.0, np.nan]]))

    assert two is not None
    assert (two.difference, two.pairs) == (2.0, 2)
    assert np.isnan([two.low, two.high]).all()


def test_no_pair_has_no_difference() -> None:
    assert paired(np.array([[np.nan, np.nan]])) == [None]


def test_equal_differences_leave_no_doubt() -> None:
    (found,) = paired(np.full((1, 5), 2.5))

    assert found is not None
    assert (found.low, found.difference, found.high) == (2.5, 2.5, 2.5)


def test_rows_with_different_gaps_are_intervals_of_their_own() -> None:
    values = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, np.nan, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]])

    one, other, again = paired(values)

    assert one == again
    assert one is not None
    assert other is not None
    assert (one.pairs, other.pairs) == (4, 3)
    assert other.difference == pytest.approx(8 / 3)


def test_intervals_cover_the_mean_as_often_as_they_say_about() -> None:
    """200 samples of 30 normal differences of mean 1: 95 % of the intervals should hold it, give or take."""
    found = paired(np.random.default_rng(5).normal(1.0, 2.0, (200, 30)))

    held = sum(one is not None and one.low <= 1.0 <= one.high for one in found)
    assert 180 <= held <= 199


def test_the_interval_is_close_to_the_t_interval_for_normal_differences() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, 100)

    (found,) = paired(values[None, :])

    low, high = stats.t.interval(0.95, 99, values.mean(), values.std(ddof=1) / 10)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.08)


def test_better_means_disjoint_intervals() -> None:
    """b's plan (110) beats all that a admits (105); c's bound is infinite; d is infeasible."""
    low, high = np.array([100.0, 110.0, 90.0, -INF]), np.array([105.0, 112.0, INF, -INF])

    beats = better(low, high)

    assert np.argwhere(beats).tolist() == [[0, 3], [1, 0], [1, 3], [2, 3]]


def test_touching_intervals_decide_nothing() -> None:
    assert not better(np.array([100.0, 100.0]), np.array([100.0, 100.0])).any()
    assert not better(np.array([1e9 + 0.5, 1e9]), np.array([1e9 + 0.5, 1e9])).any()  # rounding: 1e-9 of 1e9


def test_the_winner_beats_each_other_policy_but_its_twin() -> None:
    beats = better(np.array([110.0, 100.0, 110.0]), np.array([112.0, 105.0, 112.0]))

    assert winner(beats, [None, None, 0]) == 0
    assert winner(beats, [None, None, None]) is None
