"""Perturbed facts: the factors' mean and spread, and that the same seed gives the same facts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from coverplan.domain.book import Book
from coverplan.studies.perturbation import Perturbation, factors, perturbed
from support.domain import book_of

SHAKEN = Perturbation(revenue=0.1, potential=0.2, hours=0.3, seed=7)
PROBLEM = {
    "segments": [
        {"id": "s", "roles": [{"role": "account_executive", "hours": 4}, {"role": "sales_engineer", "hours": 2}]}
    ],
    "accounts": [
        {"id": "a", "segment": "s", "revenue_history": [80.0, 100.0], "potential": 50.0, "hours": 3.0},
        {"id": "b", "segment": "s", "expected_revenue": 70.0},
        {"id": "c", "segment": "s", "kind": "prospect", "potential": 20.0},
    ],
    "reps": [{"id": "r"}, {"id": "e", "role": "sales_engineer"}],
    "pairs": [{"account_id": "a", "rep_id": "r", "value": 10.0, "hours": 5.0}],
}


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5])
def test_factors_have_mean_one_and_the_spread(spread: float) -> None:
    """The mean of 200,000 draws is off by about spread / 450."""
    drawn = factors(spread, 200_000, np.random.default_rng(1))

    assert_allclose(drawn.mean(), 1.0, atol=spread / 100 + 1e-12)
    assert_allclose(drawn.std(), spread, rtol=0.02, atol=1e-12)
    assert (drawn > 0).all()


def test_each_account_has_one_factor_for_all_that_is_revenue_and_one_for_hours() -> None:
    before = book_of(PROBLEM)
    after = Book.of(perturbed(before.instance, SHAKEN))

    revenue = after.existing[0] / before.existing[0]
    assert revenue != 1
    assert_allclose(after.instance.accounts.history[0, :2], np.array([100.0, 80.0]) * revenue)
    assert_allclose(after.instance.pairs.value, 10.0 * revenue)
    assert after.existing[1] != 70
    assert after.existing[2] == 0
    hours = after.instance.accounts.hours / np.array([3.0, 4.0, 4.0])
    assert (hours != 1).all()
    assert_allclose(after.instance.pairs.hours, 5.0 * hours[0])
    assert_allclose(after.seats.hours[after.seats.primary], np.array([3.0, 4.0, 4.0]) * hours)
    assert_array_equal(after.seats.hours[~after.seats.primary], before.seats.hours[~before.seats.primary])


def test_the_same_seed_gives_the_same_facts_and_another_one_others() -> None:
    instance = book_of(PROBLEM).instance

    one, again, other = (perturbed(instance, by) for by in (SHAKEN, SHAKEN, replace(SHAKEN, seed=8)))

    assert_array_equal(one.accounts.potential, again.accounts.potential)
    assert one.accounts.potential[0] != other.accounts.potential[0]


def test_one_spread_does_not_change_the_draws_of_another() -> None:
    instance = book_of(PROBLEM).instance

    with_hours, without = (perturbed(instance, replace(SHAKEN, hours=hours)) for hours in (0.3, 0.0))

    assert_array_equal(with_hours.accounts.potential, without.accounts.potential)
    assert_array_equal(without.accounts.hours, [3.0, 4.0, 4.0])
