"""The smoothed maxima against their limits and differences, tied units included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.pricing.bound import Prices, upper_bound, worth_of_rows
from coverplan.pricing.smoothing import Smoothed
from support.drawing import policies
from support.formulations import formulation_of
from support.policies import rules
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
TIES = policies(rules("same_team"), rules("family"), rules("capacity"), rules("keep_current"))
SIGNED = st.lists(st.floats(-300, 300), min_size=1, max_size=9)


def _net(signed: list[float], size: int) -> np.ndarray:
    return np.resize(np.asarray(signed), size)


@examples(60)
@given(problems(), TIES, SIGNED)
def test_cold_maxima_are_the_exact_ones_and_warm_ones_lie_above(
    problem: Document, policy: Document, signed: list[float]
) -> None:
    """Without temperature the sum over blocks is L(y) less what the rows are worth; with it, never less."""
    formulation = formulation_of(problem, policy)
    if formulation is None:
        return
    net = _net(signed, formulation.n_rows)
    prices = Prices(np.maximum(net, 0.0), np.maximum(-net, 0.0))
    bound = upper_bound(formulation, prices)
    if not np.isfinite(bound):
        return
    exact = bound - worth_of_rows(formulation, prices).sum() - formulation.offset
    smoothed = Smoothed(formulation)

    assert smoothed.maxima(net, 1e-3)[0] == pytest.approx(exact, rel=1e-6, abs=0.1)
    assert smoothed.maxima(net, 500.0)[0] >= exact - 1e-6


@examples(60)
@given(problems(), TIES, SIGNED, st.integers(0, 1000))
def test_the_expected_activity_is_the_slope(
    problem: Document, policy: Document, signed: list[float], seed: int
) -> None:
    """Along a random direction, the central difference of the maxima is minus the expected activity."""
    formulation = formulation_of(problem, policy)
    if formulation is None or formulation.n_rows == 0:
        return
    smoothed, net = Smoothed(formulation), _net(signed, formulation.n_rows)
    direction = np.random.default_rng(seed).normal(size=formulation.n_rows)
    step, temperature = 1e-4, 400.0
    value, activity = smoothed.maxima(net, temperature)
    if not np.isfinite(value):
        return

    above, _ = smoothed.maxima(net + step * direction, temperature)
    below, _ = smoothed.maxima(net - step * direction, temperature)

    slope = (above - below) / (2 * step)
    assert slope == pytest.approx(-float(activity @ direction), rel=1e-4, abs=1e-2 + 1e-9 * abs(value) / step)
