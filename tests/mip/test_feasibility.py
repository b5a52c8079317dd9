"""Feasible means within 1e-6 + 1e-9 |bound|; settling gives each row no more slack than it needs."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coverplan.mip.feasibility import Settling, is_feasible
from support.programs import program

INF = np.inf


@pytest.mark.parametrize(
    ("hours", "feasible"),
    [
        (1000.0, True),
        (1000.0 + 1.9e-6, True),  # 1e-6 + 1e-9 * 1000 = 2e-6
        (1000.0 + 2.1e-6, False),
    ],
)
def test_rows_have_an_absolute_and_a_relative_tolerance(hours: float, feasible: bool) -> None:
    """One account against 1000 hours."""
    assert is_feasible(program([1], [[hours]], [-INF], [1000], [1], [True]), np.array([1.0])) is feasible


@pytest.mark.parametrize("x", [[0.5], [1.5], [-1.0], [np.nan], [1.0, 1.0]])
def test_points_that_are_none(x: list[float]) -> None:
    """Not whole, above, below, no number, and one column too many."""
    assert not is_feasible(program([1], [[1]], [-INF], [9], [1], [True]), np.array(x))


def test_slacks_become_what_their_rows_need() -> None:
    """Row 1: 5 of at most 3 is 2 over. Row 2: 5 of at least 9 is 4 short. The solver had said 7, 7, 7, 7."""
    rows = [[5, -1, 1, 0, 0], [5, 0, 0, -1, 1]]
    given = program([1, -1, -1, -1, -1], rows, [-INF, 9], [3, INF], [1] + [INF] * 4, [True] + [False] * 4)

    settled = Settling(given)(np.array([0.9999999, 7, 7, 7, 7]))

    assert_array_equal(settled, [1, 2, 0, 0, 4])


def test_the_cheapest_slack_is_used() -> None:
    """2 over: the column at 0.5 for each 2 hours beats the one at 1 an hour, and 1 of it is enough."""
    given = program([0, -1, -0.5], [[5, -1, -2]], [-INF], [3], [1, INF, INF], [True, False, False])

    assert_array_equal(Settling(given)(np.array([1.0, 0, 0])), [1, 0, 1])


def test_a_slack_that_does_not_reach_keeps_the_solver_values() -> None:
    """2 over, but the cheap column ends at 1: the solver's 1 and 1 stay."""
    given = program([0, -2, -1], [[5, -1, -1]], [-INF], [3], [1, INF, 1], [True, False, False])

    assert_array_equal(Settling(given)(np.array([1.0, 1, 1])), [1, 1, 1])


def test_other_continuous_columns_are_left_alone() -> None:
    """A column that earns money, one in two rows and one from 1 on are no slacks."""
    given = program([1, -1], [[1, 1], [0, 1]], [-INF, -INF], [3, 3], [2, 2], [False, False])

    assert_allclose(Settling(given)(np.array([1.5, 0.5])), [1.5, 0.5])
