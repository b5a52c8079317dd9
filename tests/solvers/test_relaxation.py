"""The linear relaxation: its optimum, and the sign of its prices."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from coverplan.mip.program import Program, Status
from coverplan.solvers.relaxation import Relaxation, relaxation
from support.programs import gap_program, program, random_gap


def solved(given: Program) -> Relaxation:
    """The relaxation, which must not run out of time."""
    answer = relaxation(given, 20.0)
    assert answer is not None
    return answer


def test_an_upper_side_that_binds_has_a_positive_price() -> None:
    """6 for 2 hours and 5 for 3 hours, in 4 hours: 6 + 5 * 2/3. One more hour is worth 5/3."""
    answer = solved(program([6, 5], [[2, 3]], [-np.inf], [4], [1, 1], [True, True], offset=1.0))

    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(1 + 6 + 10 / 3)
    assert answer.x is not None
    assert answer.row_prices is not None
    assert_allclose(answer.x, [1, 2 / 3])
    assert_allclose(answer.row_prices, [5 / 3])


def test_a_lower_side_that_binds_has_a_negative_price() -> None:
    """Two goals at least, at a loss of 3 per 2 units: each unit more costs 1.5."""
    answer = solved(program([-3], [[2]], [1], [np.inf], [1], [True]))

    assert answer.objective == pytest.approx(-1.5)
    assert answer.row_prices is not None
    assert_allclose(answer.row_prices, [-1.5])


def test_prices_prove_the_optimum() -> None:
    """max over the box of (c - y A) x, plus what the bounds are worth at y, is the optimum."""
    given = random_gap(reps=5, seats=40, seed=3)

    answer = solved(given)

    assert answer.row_prices is not None
    reduced = given.objective - given.matrix.T @ answer.row_prices
    upper = np.where(answer.row_prices > 0, answer.row_prices * given.row_upper, 0.0)
    finite_lower = np.where(np.isfinite(given.row_lower), given.row_lower, 0.0)
    lower = np.where(answer.row_prices < 0, answer.row_prices * finite_lower, 0.0)
    assert answer.objective == pytest.approx(np.maximum(reduced, 0).sum() + upper.sum() + lower.sum())


def test_infeasible() -> None:
    """12 hours of work for 10 hours of room, even in fractions; and crossed bounds."""
    assert solved(gap_program(np.ones((2, 3)), np.full((2, 3), 4.0), [7.0, 3.0])).status is Status.INFEASIBLE
    assert solved(program([1], [[1]], [2], [1], [3], [True])).status is Status.INFEASIBLE


def test_no_columns() -> None:
    """Worth its constant where its rows allow nothing at all."""
    assert solved(program([], np.zeros((1, 0)), [-1], [1], [], [], offset=2.0)).objective == 2.0
    assert solved(program([], np.zeros((1, 0)), [1], [2], [], [])).status is Status.INFEASIBLE


def test_out_of_time_is_none() -> None:
    """No half-solved prices."""
    assert relaxation(random_gap(reps=60, seats=3000, seed=1), 0.02) is None
