"""Every way to solve judges every other in units and currencies of any size, and under penalties of any size."""

from __future__ import annotations

import pytest
from benchmarks.instances.mixed import SIZES
from benchmarks.instances.units import UNITS, case_in_units
from benchmarks.second_opinion import asked, in_turn

CASES, WAYS = 3 * len(UNITS), 3
LIMIT_S = 1.0


@pytest.mark.parametrize("first", range(0, CASES, len(UNITS)))
def test_no_way_refutes_another_in_any_unit(first: int) -> None:
    """10 to 35 seats; in small money `optimal` means a millionth of that."""
    for seed in range(first, first + len(UNITS)):
        one = case_in_units(seed, sorted(SIZES, reverse=True)[seed // 3 % 2])

        found = asked(one, in_turn(seed, WAYS), LIMIT_S)

        assert found.plans
        assert not found.faults, f"{one.name}: {found.faults}"
        called = [
            plan.objective.value for _, plan in found.plans if plan.objective and plan.solution_status == "optimal"
        ]
        assert (
            min(called, default=found.best) >= found.best - 1e-9 * abs(found.best) - 1e-6 * UNITS[seed % len(UNITS)][0]
        )
