"""The interval of a rule's price, by hand."""

from __future__ import annotations

from math import inf

import pytest

from coverplan.studies.rule_prices import Price, Solved, price

KEPT = Solved(100, 110)
NOTHING = Solved(-inf, -inf)


@pytest.mark.parametrize(
    ("with_rule", "without", "penalty", "expected"),
    [
        (KEPT, Solved(130, 135), 0, Price(20, 35)),  # 130 - 110 and 135 - 100
        (KEPT, Solved(105, 135), 0, Price(0, 35)),  # never negative
        (KEPT, Solved(105, 135), 15, Price(5, 35)),  # its own plan is worth 115 without the penalty
        (KEPT, Solved(-inf, 135), 0, Price(0, 35)),
        (KEPT, Solved(130, inf), 0, Price(20, None)),
        (Solved(100, inf), Solved(130, 135), 0, Price(0, 35)),
        (Solved(-inf, 110), Solved(130, 135), 0, Price(20, None)),
        (NOTHING, Solved(130, 135), 0, Price(None, None, unlocks=True)),
        (NOTHING, NOTHING, 0, Price(None, None)),
        (Solved(100, 100), Solved(99.99, 100), 0, Price(0, 0)),  # proven to cost nothing
    ],
)
def test_price(with_rule: Solved, without: Solved, penalty: float, expected: Price) -> None:
    assert price(with_rule, without, penalty) == expected


def test_a_rule_that_also_admits_can_have_a_negative_price() -> None:
    assert price(KEPT, Solved(60, 65), 0, forbids=False) == Price(-50, -35)  # 60 - 110 and 65 - 100
    assert price(KEPT, NOTHING, 0, forbids=False) == Price(None, None)
