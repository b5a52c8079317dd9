"""Every way to solve judges every other: no bound below a plan that another way finds, no plan that is none."""

from __future__ import annotations

import pytest
from benchmarks.instances.mixed import SIZES, case
from benchmarks.second_opinion import asked, in_turn

CASES, TOGETHER, WAYS = 204, 4, 4
"""Problems, those in one test, and ways beside the exact one for each; all ways and a thousand problems take an hour:
`python -m benchmarks.second_opinion`."""
LIMIT_S = 1.0


@pytest.mark.parametrize("first", range(0, CASES, TOGETHER))
def test_no_way_refutes_another(first: int) -> None:
    """10 to 60 seats, all kinds of rules, all methods and backends, resumed and not, warm and not."""
    for seed in range(first, first + TOGETHER):
        one = case(seed, sorted(SIZES)[seed // 3 % 3])

        found = asked(one, in_turn(seed, WAYS), LIMIT_S)

        assert found.plans
        assert not found.faults, f"{one.name}: {found.faults}"
