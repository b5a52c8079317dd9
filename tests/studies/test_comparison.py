"""Paired differences and the verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from coverplan.domain.instance import Floats
from coverplan.studies.comparison import better, paired, per_problem, winner

INF = np.inf


def test_fewer_than_three_problems_have_no_interval() -> None:
    (two,) = paired(np.array([[1.0, 3.0, np.nan]]))

    assert two is not None
    assert (two.difference, two.problems) == (2.0, 2)
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
    assert (one.problems, other.problems) == (4, 3)
    assert other.difference == pytest.approx(8 / 3)


def shares(draw: Callable[[int], Floats], problems: int, planted: float, samples: int = 400) -> float:
    """Share of the intervals that hold the planted mean."""
    found = paired(planted + np.stack([draw(problems) for _ in range(samples)]))
    return sum(one is not None and one.low <= planted <= one.high for one in found) / samples


@pytest.mark.parametrize("problems", [3, 5, 7, 8, 10, 20])
def test_intervals_hold_a_planted_effect_as_often_as_they_say(problems: int) -> None:
    """400 samples at 95 %: a share of 92.7 to 97.3 is chance (2 standard errors). Resampling three holds 71 %."""
    random = np.random.default_rng(7)
    expected: list[
        tuple[Callable[[int], Floats], float]
    ] = [  # heavy tails hide nothing; skewness costs a few samples more, which no interval of so few knows
        (lambda size: random.normal(size=size), 0.92),
        (lambda size: random.standard_t(3, size=size), 0.92),
        (lambda size: random.exponential(size=size) - 1.0, 0.85),
    ]

    for draw, least in expected:
        assert shares(draw, problems, 1.0) >= least
    assert shares(expected[0][0], problems, 0.0) <= 0.985  # nor are they too wide to say anything


def test_seeds_are_averaged_not_counted() -> None:
    """Ten solves of each of three problems: effects of the problems 1 around the planted one, of the seeds 0.05."""
    random = np.random.default_rng(11)
    worths = 1.0 + random.normal(size=(300, 3, 1)) + 0.05 * random.normal(size=(300, 3, 10))

    found = [one for one in paired(per_problem(worths)) if one is not None]
    counted = [one for one in paired(worths.reshape(300, 30)) if one is not None]

    assert {one.problems for one in found} == {3}
    assert sum(one.low <= 1.0 <= one.high for one in found) / 300 >= 0.92
    assert sum(one.low <= 1.0 <= one.high for one in counted) / 300 < 0.6  # what resampling the seeds came to


def test_seeds_without_a_plan_are_left_out_of_the_mean() -> None:
    """A problem without any is none."""
    values = np.array([[1.0, 3.0], [5.0, np.nan], [np.nan, np.nan]])

    assert_allclose(per_problem(values), [2.0, 5.0, np.nan])


@pytest.mark.parametrize(("problems", "method"), [(1, None), (2, None), (3, "t"), (7, "t"), (8, "bootstrap")])
def test_few_problems_are_not_resampled(problems: int, method: str | None) -> None:
    """t below eight: mean +- t(0.975, n - 1) s / sqrt(n); the bootstrap is at least as wide."""
    values = np.random.default_rng(2).normal(size=problems)

    (found,) = paired(values[None, :])

    assert found is not None
    assert found.method == method
    if method is not None:
        low, high = stats.t.interval(0.95, problems - 1, values.mean(), values.std(ddof=1) / np.sqrt(problems))
        assert found.low == pytest.approx(low) if method == "t" else found.low <= low
        assert found.high == pytest.approx(high) if method == "t" else found.high >= high


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
