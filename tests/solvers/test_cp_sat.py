"""What only CP-SAT meets: rows in whole numbers."""

from __future__ import annotations

import pytest

from coverplan.mip.program import Limits, Status
from coverplan.solvers.cp_sat import CpSat
from support.by_hand import book, solved, value, worth
from support.programs import program


def test_a_row_that_no_whole_number_meets_is_infeasible() -> None:
    """0.6 <= x <= 0.6 has fractional points only; in whole numbers its bounds cross, which is no valid model."""
    given = program([1.0], [[1.0]], [0.6], [0.6], [1], [True])

    assert CpSat().solve(given, Limits()).status is Status.INFEASIBLE


def test_presolve_leaves_the_optimum_in() -> None:
    """Ana, and the team of Bo and Cy, are each to bring 203.94, at 0.5 where short.

    Cy takes 8,363.56..., Ana 118.75 = 1.25 * 95 and 70, which is short by 15.19: 8,552.31... - 0.5 * 15.19. The other
    three accounts are worth nothing; Bo starts late.
    """
    problem = book(
        {
            "none": worth(0),
            "nothing": worth(0),
            "large": worth(8363.563453604673),
            "served": worth(90, potential=5, segment="served"),
            "nil": worth(0, segment="served"),
            "small": worth(70),
        },
        {"ana": {}, "bo": {"manager_id": "m", "start_date": "2027-04-16"}, "cy": {"manager_id": "m"}},
        managers=[{"id": "m"}],
        segments=[{"id": "served", "cycle_days": 90, "self_serve_share": 1}],
        fit=[{"rep_id": "ana", "segment": "served", "multiplier": 1.25}],
    )
    rule = {"kind": "revenue_target", "per": "team", "target": 203.94, "penalty": 0.5}

    plan = solved(problem, rule, backend="cp_sat", deterministic=True)

    assert value(plan) == pytest.approx(8363.563453604673 + 118.75 + 70 - 0.5 * 15.19)
