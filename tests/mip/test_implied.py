"""Continuous columns that may as well be whole, against an independent solver with and without them whole."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.optimize import Bounds, LinearConstraint, milp

from coverplan.mip.implied import implied_integers
from coverplan.mip.program import Bools, Program
from support.programs import program

INF = np.inf


@pytest.mark.parametrize(
    ("first_row", "first_upper", "cost", "implied"),
    [
        ([1, -1, -1], 0.0, -1.0, True),  # together or one broken tie
        ([2, -4, -2], 6.0, -1.0, True),  # whole multiples of 2
        ([1, -1, -2], 0.0, -1.0, False),  # half a tie is enough
        ([1, -1, -1], 0.5, -1.0, False),
        ([1, -1, -1], 0.0, 1.0, False),  # it earns money: as much as may be is wanted
    ],
)
def test_by_hand(first_row: list[float], first_upper: float, cost: float, implied: bool) -> None:
    """Two binary columns and one continuous, in a row that asks for it and one that limits it."""
    found = implied_integers(
        program(
            [1, 1, cost],
            [first_row, [0, 0, 1]],
            [-INF, -INF],
            [first_upper, 0.7],
            [1, 1, 1],
            [True, True, False],
        )
    )

    assert_array_equal(found, [False, False, implied])


def test_nothing_is_lost_by_them() -> None:
    """Three binary columns and two continuous ones: the optimum, or that there is none, stays what it is."""
    rng, met, impossible = np.random.default_rng(5), 0, 0
    for _ in range(600):
        size = int(rng.integers(2, 5))
        rows, bound, side = rng.integers(-2, 3, (size, 5)), rng.integers(-6, 7, size) / 2, rng.integers(0, 4, size)
        lower, upper = np.where(side == 0, bound, -INF), np.where(side == 0, INF, bound)
        tried = program([2, -1, 3, -1, 0], rows, lower, upper, [1, 1, 1, 2, 2], [True] * 3 + [False] * 2)
        implied = implied_integers(tried)
        if implied.any():
            best, whole = _optimum(tried, tried.integer), _optimum(tried, tried.integer | implied)
            assert (best is None) == (whole is None)
            assert best is None or best == pytest.approx(whole, abs=1e-6)
            met, impossible = met + 1, impossible + (best is None)

    assert met > 40
    assert impossible > 3


def _optimum(given_program: Program, integer: Bools) -> float | None:
    found = milp(
        -given_program.objective,
        integrality=integer.astype(int),
        bounds=Bounds(given_program.lower, given_program.upper),
        constraints=LinearConstraint(given_program.matrix.toarray(), given_program.row_lower, given_program.row_upper),
    )
    return None if found.x is None else -float(found.fun)
