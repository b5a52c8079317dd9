"""The incumbent: what a plan and a bound say of each other."""

from __future__ import annotations

import numpy as np
import pytest

from coverplan.pricing.bound import Prices
from coverplan.pricing.scope import OverAll
from coverplan.runs.incumbent import Incumbent
from coverplan.runs.outcome import Certificate
from support.by_hand import book, worth
from support.formulations import formulation_of


def _incumbent() -> Incumbent:
    """One account, worth 10 with its only rep, and prices that prove 12."""
    formulation = formulation_of(book({"a": worth(10)}, {"ana": {}}), {"constraints": []})
    assert formulation is not None
    found = Incumbent(formulation, None, None, 0.0)
    found.certify(Certificate(12.0, Prices(np.zeros(0), np.zeros(0)), "lp_relaxation"))
    return found


@pytest.mark.parametrize(
    ("claimed", "believed"),
    [
        (11.0, 11.0),
        (10.0 - 1e-8, 10.0),  # rounding
        (10.0 - 1e-5, 12.0),  # more than rounding: lifted to the plan it would be a proof
        (0.0, 12.0),  # the plan is worth more: the prices alone count
    ],
)
@pytest.mark.parametrize("plan_first", [True, False])
def test_a_bound_that_a_plan_refutes_is_none(claimed: float, believed: float, plan_first: bool) -> None:
    """Whichever comes first."""
    found = _incumbent()

    if plan_first:
        assert found.offer(np.array([0]))
    found.bounded(OverAll(claimed))
    if not plan_first:
        assert found.offer(np.array([0]))

    assert found.dual_bound == believed
