"""Money from 1e-6 to 1e12 and hours from 1e-4 to 1e6: every backend against every point, counted in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coverplan.mip.program import Floats, Limits, Program, Status
from coverplan.solvers.base import Backend
from coverplan.solvers.registry import BACKENDS, backend
from support.programs import gap_program, program

EXACT = Limits(time_limit_s=20.0, relative_gap=0.0)
SCALES = [(money, hours) for money in (1e-6, 1.0, 1e12) for hours in (1e-4, 1.0, 1e6)]
INF = np.inf


@pytest.fixture(params=BACKENDS)
def solver(request: pytest.FixtureRequest) -> Backend:
    """One backend after the other."""
    return backend(request.param)


def tight(seed: int, money: float, hours: float) -> Program:
    """Two reps, six seats that may stay open, hours of many digits, and capacities that a pair just misses.

    Each capacity is 2e-7 below what the second and third seat take together: nothing to a tolerance of 1e-6.
    """
    draw = np.random.default_rng(seed)
    effort, worth = 0.2 + draw.random((2, 6)), np.round(draw.random((2, 6)), 6)
    capacity = effort[:, 1] + effort[:, 2] - 2e-7
    nobody = np.zeros((1, 6))
    return gap_program(
        np.vstack([worth, nobody]) * money, np.vstack([effort, nobody]) * hours, [*(capacity * hours), hours]
    )


def best(given: Program, spare: Fraction) -> Fraction:
    """The largest worth among all points that miss no row by more than this share of its bound."""
    rows = [[Fraction(value) for value in row] for row in given.matrix.toarray()]
    worth = [Fraction(value) for value in given.objective]
    reps, seats = 3, given.objective.size // 3
    found = []
    for choice in product(range(reps), repeat=seats):
        taken = [rep * seats + seat for seat, rep in enumerate(choice)]
        loads = [sum((row[column] for column in taken), Fraction(0)) for row in rows[seats:]]
        if all(
            load <= Fraction(bound) * (1 + spare) for load, bound in zip(loads, given.row_upper[seats:], strict=True)
        ):
            found.append(sum((worth[column] for column in taken), Fraction(0)))
    return max(found)


@pytest.mark.parametrize(("money", "hours"), SCALES)
def test_every_scale_is_solved_as_well_as_any(solver: Backend, money: float, hours: float) -> None:
    """The optimum of the rows as they stand, and no bound below it."""
    given = tight(7, money, hours)
    least, most = best(given, Fraction(0)), best(given, Fraction(2, 10**9))

    result = solver.solve(given, EXACT)

    assert result.x is not None
    assert result.objective is not None
    assert float(least) * (1 - 1e-9) <= result.objective <= float(most) * (1 + 1e-9)
    assert result.dual_bound >= float(least) * (1 - 1e-9)
    assert result.status is Status.OPTIMAL
    assert result.dual_bound <= result.objective * (1 + 1e-9)


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e6])
def test_no_backend_lives_on_a_tolerance(solver: Backend, size: float) -> None:
    """Two seats of 0.5004 do not fit into 1, nor do two of 0.50000002, in whatever unit."""
    for effort in (0.5004, 0.50000002):
        given = program([3, 2], [[effort * size, effort * size]], [-INF], [size], [1, 1], [True, True])

        result = solver.solve(given, EXACT)

        assert result.objective == 3.0
        assert result.dual_bound >= 3.0


def test_sums_that_only_floats_miss_fit(solver: Backend) -> None:
    """0.1 + 0.2 hours fit into 0.3 hours, and 3 x 0.1 do, in any unit."""
    for size in (1e-4, 1.0, 1e6):
        for hours in ([0.1, 0.2], [0.1, 0.1, 0.1]):
            effort: Floats = np.array(hours) * size
            given = program(
                np.ones(len(hours)), [effort], [-INF], [0.3 * size], np.ones(len(hours)), [True] * len(hours)
            )

            result = solver.solve(given, EXACT)

            assert result.x is not None
            assert_array_equal(result.x, np.ones(len(hours)))
