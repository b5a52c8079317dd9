"""Frontier: where to solve next, which points stand, and the knee."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from coverplan.studies.frontier import Gap, first_points, knee, next_bounds, statuses, tightened

INF = np.inf
EXACT = Gap(0.0, 0.0)


def column(*bounds: float) -> np.ndarray:
    return np.array(bounds)[:, None]


def test_the_box_that_hides_most_is_split() -> None:
    """Boxes: width 1 x height 80, width 1 x height 15, width 2 x height 5."""
    values = [0.0, 80.0, 95.0, 100.0]

    assert next_bounds([0, 1, 2, 4], values, values, 1, EXACT) == [0.5]
    assert next_bounds([4, 2, 1, 0], values[::-1], values[::-1], 2, EXACT) == [0.5, 1.5]


def test_what_is_known_to_within_the_gap_is_not_solved_for() -> None:
    """From 1 on the best lies in [99, 100]: that is within 2 % of 99, but not within 0.5 %."""
    low, high = [50.0, 99.0, 99.0], [51.0, 100.0, 100.0]

    assert next_bounds([0, 1, 2], low, high, 5, Gap(0.02, 0)) == [0.5]
    assert next_bounds([0, 1, 2], low, high, 5, Gap(0.005, 0)) == [0.5, 1.5]
    assert next_bounds([0, 1, 2], [7.0] * 3, [7.0] * 3, 5, EXACT) == []


def test_the_edge_of_what_is_feasible_is_looked_for_and_nothing_tighter() -> None:
    low, high = [-INF, -INF, 10.0], [-INF, -INF, 10.0]

    assert next_bounds([0, 1, 2], low, high, 5, EXACT) == [1.5]


def test_first_points_leave_some_for_where_it_bends() -> None:
    assert [first_points(most) for most in (2, 3, 4, 5, 8, 50)] == [2, 3, 3, 5, 5, 5]


def test_a_plan_within_tighter_bounds_counts_for_looser_ones_and_a_bound_the_other_way() -> None:
    low, high = tightened(column(1, 2, 3), np.array([10.0, 8.0, -INF]), np.array([INF, 12.0, 11.0]))

    assert_allclose(low, [10, 10, 10])
    assert_allclose(high, [11, 11, 11])


def test_points_are_efficient_dominated_open_or_infeasible() -> None:
    """2 reaches 10 and cannot be told from 3 (10 to 10.5); 4 is worth more than all; 5 gives nothing beyond 4."""
    bounds = column(1, 2, 3, 4, 5)
    low, high = np.array([-INF, 10.0, 10.0, 12.0, 12.0]), np.array([-INF, 10.2, 10.5, 12.0, 12.0])

    assert statuses(bounds, low, high) == ["infeasible", "efficient", "inconclusive", "efficient", "dominated"]


def test_two_bounds_dominate_only_where_both_are_at_least_as_tight() -> None:
    bounds = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [2.0, 3.0]])
    value = np.array([5.0, 6.0, 6.0, 7.0])

    assert statuses(bounds, value, value) == ["efficient", "efficient", "dominated", "efficient"]


def test_the_knee_is_farthest_from_the_chord() -> None:
    """Scaled: (0, 0), (1/4, 0.8), (1/2, 0.9), (1, 1): beyond the chord by 0.55 at the second point."""
    value = np.array([0.0, 80.0, 90.0, 100.0])
    bounds = column(0, 1, 2, 4)

    assert knee(bounds, value, value, statuses(bounds, value, value)) == 1


def test_a_straight_frontier_has_no_knee_nor_has_one_within_its_gaps() -> None:
    bounds = column(0, 1, 2)
    straight, bent = np.array([0.0, 50.0, 100.0]), np.array([0.0, 55.0, 100.0])

    assert knee(bounds, straight, straight, ["efficient"] * 3) is None
    assert knee(bounds, bent, bent, ["efficient"] * 3) == 1
    assert knee(bounds, bent, np.array([0.0, 61.0, 100.0]), ["efficient"] * 3) is None
