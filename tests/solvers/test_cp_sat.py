"""What only CP-SAT meets: rows in whole numbers."""

from __future__ import annotations

from coverplan.mip.program import Limits, Status
from coverplan.solvers.cp_sat import CpSat
from support.programs import program


def test_a_row_that_no_whole_number_meets_is_infeasible() -> None:
    """0.6 <= x <= 0.6 has fractional points only; in whole numbers its bounds cross, which is no valid model."""
    given = program([1.0], [[1.0]], [0.6], [0.6], [1], [True])

    assert CpSat().solve(given, Limits()).status is Status.INFEASIBLE
