"""Knapsack bounds, losses and books against every assignment and every subset of tiny programs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.domain.instance import Floats
from coverplan.mip.program import Limits
from coverplan.pricing.books import books_within
from coverplan.pricing.dive import dive
from coverplan.pricing.finish import Finisher
from coverplan.pricing.knapsack import Knapsacks, least_step, tighten
from coverplan.solvers.registry import backend
from support.formulations import formulation_of
from support.sampling import examples

EXACT = Limits(time_limit_s=20, relative_gap=0.0, deterministic=True)
CAPACITY = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}


@st.composite
def knapsacks(draw: st.DrawFn) -> Knapsacks:
    """Two or three reps, up to five units, some pairs absent, some units that may stay uncovered."""
    n_reps, n_units = draw(st.integers(2, 3)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    value = rng.integers(-20, 20, (n_reps, n_units)).astype(np.float64)
    weight = rng.integers(0, 6, (n_reps, n_units))
    capacity = rng.integers(2, 12, n_reps)
    column = np.arange(value.size).reshape(value.shape)
    absent = (rng.random(value.shape) < 0.15) | (weight > capacity[:, None])
    idle = np.where(rng.random(n_units) < 0.3, rng.integers(-5, 5, n_units), -np.inf)
    return Knapsacks(np.where(absent, -np.inf, value), weight, capacity, column, idle, 7.0)


def _prices(of: Knapsacks, seed: int) -> Floats:
    return np.asarray(np.random.default_rng(seed).normal(0.0, 10.0, of.value.shape[1]), np.float64)


def _plans(of: Knapsacks) -> list[tuple[int, ...]]:
    """Every plan within the capacities, -1 for uncovered."""
    n_reps, n_units = of.value.shape
    return [
        plan
        for plan in itertools.product(range(-1, n_reps), repeat=n_units)
        if np.isfinite(of.worth(np.array(plan))) and of.fits(np.array(plan))
    ]


@examples(60)
@given(knapsacks(), st.integers(0, 2**32 - 1))
def test_the_bound_less_the_loss_of_a_pair_bounds_every_plan_with_that_pair(of: Knapsacks, seed: int) -> None:
    """At random prices, for each plan and each of its choices."""
    prices = _prices(of, seed)
    bound, _ = of.best(prices)
    losses, idle_losses = of.losses(prices)

    for plan in _plans(of):
        lost = [idle_losses[unit] if rep < 0 else losses[rep, unit] for unit, rep in enumerate(plan)]
        assert of.worth(np.array(plan)) <= bound - max(0.0, *lost) + 1e-9


ROUNDING = 1e-9
"""By how much sums of the same numbers in another order may differ here."""


@examples(60)
@given(knapsacks(), st.integers(0, 2**32 - 1), st.floats(0.0, 30.0))
def test_books_are_all_subsets_that_lose_at_most_so_much(of: Knapsacks, seed: int, most: float) -> None:
    """Subset by subset: it fits, and it is worth at most `most` less than the best subset that fits."""
    prices = _prices(of, seed)
    books = books_within(of, prices, most, 10_000)
    assert books is not None
    listed = {
        (int(rep), frozenset(books.unit[books.book == place].tolist())) for place, rep in enumerate(books.rep.tolist())
    }

    surely, perhaps = set(), set()
    for rep, capacity in enumerate(of.capacity):
        worth = {
            frozenset(units): float(sum(of.value[rep, unit] - prices[unit] for unit in units))
            for size in range(of.value.shape[1] + 1)
            for units in itertools.combinations(range(of.value.shape[1]), size)
            if sum(of.weight[rep, unit] for unit in units) <= capacity
        }
        best = max(worth.values())
        surely |= {(rep, units) for units, gain in worth.items() if best - gain <= most - ROUNDING}
        perhaps |= {(rep, units) for units, gain in worth.items() if best - gain <= most + ROUNDING}
    assert surely <= listed <= perhaps
    assert len(listed) == len(books.rep)


@examples(30)
@given(knapsacks())
def test_finishing_closes_what_the_prices_leave(of: Knapsacks) -> None:
    """From any plan, attempts end with the best plan and a bound that meets it."""
    plans = _plans(of)
    if not plans:
        return
    best = max(of.worth(np.array(plan)) for plan in plans)
    start = np.array(plans[0])
    ascent = tighten(of, np.zeros(len(start)), 5.0, np.inf, steps=50)
    assert ascent.bound >= best - 1e-9

    finisher, bound, worth = Finisher(of, ascent.prices, ascent.bound, 1.0), ascent.bound, of.worth(start)
    while np.floor(bound + 1e-6) > worth and (attempt := finisher.next(start, worth)) is not None:
        result = backend("highs").solve(attempt.program, EXACT, attempt.start)
        plan, proven = finisher.learn(attempt, result)
        assert proven >= best - 1e-6
        bound = min(bound, proven)
        if plan is not None and of.fits(plan) and of.worth(plan) > worth:
            start, worth = plan, of.worth(plan)

    assert worth == best
    assert np.floor(bound + 1e-6) == best


@examples(30)
@given(knapsacks(), st.integers(0, 100))
def test_a_dive_ends_with_a_plan_that_fits(of: Knapsacks, seed: int) -> None:
    """It may end with none, but not with one that breaks a capacity or uses an absent pair."""
    found = dive(of, np.zeros(of.value.shape[1]), 5.0, 2, EXACT, 5.0, seed)

    if found is not None:
        assert tuple(found.tolist()) in _plans(of)


def _problem(hours: list[list[float]], capacity: list[float]) -> dict[str, Any]:
    return {
        "reps": [{"id": f"r{rep}", "capacity_hours": room} for rep, room in enumerate(capacity)],
        "accounts": [{"id": f"a{account}"} for account in range(len(hours[0]))],
        "pairs": [
            {"account_id": f"a{account}", "rep_id": f"r{rep}", "value": 10.0 * (rep + 1), "hours": hour}
            for rep, row in enumerate(hours)
            for account, hour in enumerate(row)
        ],
    }


def test_hours_with_decimals_become_whole_weights() -> None:
    """0.25, 0.5 and 1.5 hours in quarters: 1, 2 and 6; 1.3 hours hold 5 of them. Values come in tens."""
    formulation = formulation_of(_problem([[0.25, 0.5, 1.5], [0.5, 0.5, 0.25]], [1.3, 8.0]), CAPACITY)
    assert formulation is not None
    found = Knapsacks.of(formulation)

    assert found is not None
    assert found.weight.tolist() == [[1, 2, 6], [2, 2, 1]]
    assert found.capacity.tolist() == [5, 5]  # the second rep has room for all: 2 + 2 + 1 quarters
    assert np.isneginf(found.value[0, 2])  # 1.5 hours do not fit into 1.3
    assert least_step(formulation) == 10.0


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "capacity", "penalty": 3.0},
        {"kind": "balance", "measure": "hours", "tolerance": 0.1, "penalty": 1.0},
        {"kind": "account_count", "max": 2},
    ],
)
def test_other_rules_have_no_knapsacks(rule: dict[str, Any]) -> None:
    """A soft capacity, a row with two sides, and a second row per rep."""
    formulation = formulation_of(
        _problem([[1.0, 2.0], [2.0, 1.0]], [3.0, 3.0]), {"constraints": [{"kind": "capacity"}, rule]}
    )

    assert formulation is not None
    assert Knapsacks.of(formulation) is None


def test_a_row_over_two_reps_is_no_knapsack() -> None:
    """A goal over the company; and Ana's capacity, which Hana loads too by what Ana holds until she starts."""
    goal = formulation_of(_problem([[1.0], [1.0]], [9.0, 9.0]), {"constraints": [{"kind": "goal", "max": 1}]})
    reps = [{"id": "ana", "capacity_hours": 9.0}, {"id": "hana", "status": "hired", "start_date": "2027-04-01"}]
    accounts = [{"id": "a", "potential": 5, "hours": 4.0, "current": [{"rep_id": "ana"}]}, {"id": "b", "hours": 4.0}]
    problem = {"reps": reps, "accounts": accounts}
    apart, shared = (
        formulation_of(problem, {"constraints": [{"kind": "capacity", "count_interim": count}]})
        for count in (False, True)
    )

    assert goal is not None
    assert apart is not None
    assert shared is not None
    assert Knapsacks.of(goal) is None
    assert Knapsacks.of(apart) is not None
    assert Knapsacks.of(shared) is None
