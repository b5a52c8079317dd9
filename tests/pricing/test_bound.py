"""Whatever the prices, they prove an upper bound; the prices of the linear relaxation prove its optimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import to_program
from coverplan.mip.program import Status
from coverplan.pricing.bound import Prices, admissible, upper_bound
from coverplan.solvers.relaxation import relaxation
from coverplan.verify import Judge
from support.brute import best_objective
from support.by_hand import book, worth
from support.drawing import policies
from support.formulations import formulation_of
from support.policies import BY_KIND, rules
from support.rich import rich_policies, rich_problems
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
UNLINKED = sorted(set(BY_KIND) - {"same_team", "spread"})
SIGNED = st.lists(st.floats(-2000, 2000), min_size=1, max_size=12)


def _repeated(values: list[float], size: int) -> np.ndarray:
    return np.resize(np.asarray(values), size)


@examples(60)
@given(rich_problems(), rich_policies(), SIGNED)
def test_random_prices_bound_the_best_of_all_assignments(
    problem: Document, policy: Document, signed: list[float]
) -> None:
    """Wrong signs and prices above the penalty are cut to what the rows admit."""
    formulation = formulation_of(problem, policy)
    best = best_objective(Judge(problem, policy))
    if formulation is None or best is None:
        return

    bound = upper_bound(formulation, admissible(formulation, _repeated(signed, formulation.n_rows)))

    assert bound >= best - 1e-6 - 1e-9 * abs(best)


@examples(30)
@given(problems(), policies(rules("revenue_band"), rules("balance")), SIGNED, SIGNED)
def test_both_sides_of_a_row_may_have_a_price(
    problem: Document, policy: Document, above: list[float], below: list[float]
) -> None:
    """Prices of the upper and the lower side at once only loosen the bound."""
    formulation = formulation_of(problem, policy)
    best = best_objective(Judge(problem, policy))
    if formulation is None or best is None:
        return
    upper = admissible(formulation, np.abs(_repeated(above, formulation.n_rows))).upper
    lower = admissible(formulation, -np.abs(_repeated(below, formulation.n_rows))).lower

    assert upper_bound(formulation, Prices(upper, lower)) >= best - 1e-6 - 1e-9 * abs(best)


@examples(60)
@given(problems(), st.sampled_from(UNLINKED).flatmap(lambda kind: policies(rules(kind), rules("capacity"))))
def test_relaxation_prices_prove_the_relaxation(problem: Document, policy: Document) -> None:
    """Without rules that link seats the Lagrangian bound at the optimal prices is the linear optimum."""
    formulation = formulation_of(problem, policy)
    if formulation is None or any(rule.penalty is not None for rule, _ in formulation.linked):
        return
    relaxed = relaxation(to_program(formulation), 10)
    assert relaxed is not None
    if relaxed.status is not Status.OPTIMAL:
        return
    assert relaxed.row_prices is not None
    assert relaxed.objective is not None

    bound = upper_bound(formulation, admissible(formulation, relaxed.row_prices[: formulation.n_rows]))

    assert bound == pytest.approx(relaxed.objective, rel=1e-6, abs=1e-5)


def _two_for_one() -> Formulation:
    """Ana has 4 hours for a (100 money, 4 hours) and b (60 money, 3 hours)."""
    problem = book({"a": worth(100, hours=4), "b": worth(60, hours=3)}, {"ana": {"capacity_hours": 4}})
    formulation = formulation_of(problem, {"constraints": [{"kind": "capacity"}]})
    assert formulation is not None
    return formulation


@pytest.mark.parametrize(
    ("price", "bound"),
    [
        (0, 160),  # 100 + 60
        (20, 100),  # 100 - 80 + 60 - 60 + 4 * 20
        (25, 100),  # 0 + max(0, 60 - 75) + 4 * 25
        (30, 120),  # 0 + 0 + 4 * 30
    ],
)
def test_by_hand(price: float, bound: float) -> None:
    """The bound falls to 100 and rises again, with next to nothing added against rounding."""
    found = upper_bound(_two_for_one(), Prices(np.array([price], np.float64), np.zeros(1)))

    assert found == pytest.approx(bound, abs=1e-8)
    assert found >= bound


def test_a_side_without_a_bound_has_no_price() -> None:
    """Capacity has no lower bound: a negative price is cut to 0."""
    prices = admissible(_two_for_one(), np.array([-7.0]))

    assert (prices.upper.tolist(), prices.lower.tolist()) == ([0], [0])


def test_soft_rows_cap_their_prices_at_the_penalty() -> None:
    """Beyond 9 an hour a violation is cheaper."""
    problem = book({"a": worth(100, hours=4)}, {"ana": {"capacity_hours": 2}})
    formulation = formulation_of(problem, {"constraints": [{"kind": "capacity", "penalty": 9}]})
    assert formulation is not None

    assert admissible(formulation, np.array([50.0])).upper.tolist() == [9]
