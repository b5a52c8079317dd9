"""Penalties that swamp the money: they are settled first, then the money counts to the cent."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from coverplan.mip.program import Limits, Program, Status
from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.solvers.base import Backend
from coverplan.solvers.registry import BACKENDS, backend
from coverplan.solvers.split import split
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents
from support.programs import program

EXACT = Limits(time_limit_s=20.0, relative_gap=0.0)
INF = np.inf
WAYS = [("exact", "highs"), ("exact", "cp_sat"), ("exact", "scip"), ("exact", "cbc"), ("priced", "auto")]
HUGE = 1e12
RULES = {
    "capacity": [{"kind": "capacity", "penalty": HUGE}],
    "coverage": [{"kind": "capacity"}, {"kind": "must_cover", "penalty": HUGE}],
    "both": [{"kind": "capacity", "penalty": HUGE}, {"kind": "must_cover", "penalty": HUGE / 3}],
    "balance": [{"kind": "capacity"}, {"kind": "balance", "tolerance": 0.1, "penalty": HUGE}],
}


@pytest.fixture(params=BACKENDS)
def solver(request: pytest.FixtureRequest) -> Backend:
    """One backend after the other."""
    return backend(request.param)


def hours_over(penalty: float) -> Program:
    """Accounts worth 30, 20 and 10 for 2.5, 1.5 and 1 hours of 3; each hour more costs the penalty.

    30 alone takes 2.5 hours, 20 + 10 take 2.5 as well: 30 either way. With a fourth account, of 0.5 hours and worth
    0.01, there is one more cent.
    """
    rows = [[2.5, 1.5, 1.0, 0.5, -1.0]]
    return program([30, 20, 10, 0.01, -penalty], rows, [-INF], [3], [1, 1, 1, 1, INF], [True] * 4 + [False])


def test_the_cent_beside_the_penalty(solver: Backend) -> None:
    """30.01, proven, whatever an hour too many costs."""
    for penalty in (1e3, 1e6, 1e9, 1e12):
        result = solver.solve(hours_over(penalty), EXACT)

        assert result.objective == pytest.approx(30.01, abs=1e-9)
        assert result.status is Status.OPTIMAL


def test_what_is_split() -> None:
    """An hour of half steps at 1e12 weighs in steps of 5e11; money within five digits of each other is not split."""
    parts = split(hours_over(1e12))

    assert parts is not None
    assert parts.unit * parts.step == 5e11
    assert parts.light.tolist() == [30, 20, 10, 0.01, 0]
    assert split(hours_over(1e5)) is None
    assert split(program([1.0], [[1.0]], [-INF], [1], [1], [True])) is None


def test_a_violation_that_cannot_be_avoided_is_the_least(solver: Backend) -> None:
    """One of two must be covered too many: 1e12 - 7 is lost rather than 1e12 + 5, and 3 are won beside it.

    Columns: two that leave a seat open, and two accounts of which one has room beside the second.
    """
    given = program(
        [-1e12 - 5, -1e12 + 7, 3, 4],
        [[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1]],
        [1, 0, 0],
        [2, 1, 1],
        np.ones(4),
        [True] * 4,
    )

    result = solver.solve(given, EXACT)

    assert result.x is not None
    assert result.x.tolist() == [0, 1, 0, 1]  # 4 - 1e12 + 7
    assert result.dual_bound >= 11 - 1e12 - 1e-3


def problem(seed: int) -> dict[str, object]:
    """Two reps, five accounts, hours and money of two digits behind the point, hours for seven in ten."""
    draw = np.random.default_rng(seed)
    hours, money = np.round(0.5 + 4 * draw.random((2, 5)), 2), np.round(100 * draw.random((2, 5)), 2)
    return {
        "reps": [{"id": f"r{rep}", "capacity_hours": round(0.35 * float(hours[rep].sum()), 2)} for rep in range(2)],
        "accounts": [{"id": f"a{account}", "expected_revenue": 10.0 * (account + 1)} for account in range(5)],
        "pairs": [
            {
                "account_id": f"a{account}",
                "rep_id": f"r{rep}",
                "value": float(money[rep, account]),
                "hours": float(hours[rep, account]),
            }
            for rep, account in itertools.product(range(2), range(5))
        ],
    }


@pytest.mark.parametrize(("method", "name"), WAYS)
@pytest.mark.parametrize("rules", RULES)
def test_the_best_of_all_assignments(rules: str, method: str, name: str) -> None:
    """To what floats of that size hold; no bound lies below it."""
    policy = {"constraints": RULES[rules]}
    for seed in (0, 2):
        best = best_objective(Judge(problem(seed), policy))
        assert best is not None

        plan = solve(
            *documents(problem(seed), policy),
            Options(relative_gap=0.0, time_limit_s=3.0, method=method, backend=name),  # type: ignore[arg-type]
        )

        assert plan.objective is not None
        assert plan.dual_bound is not None
        assert plan.dual_bound >= best - 0.05
        assert verify(problem(seed), policy, plan.model_dump(mode="json")).ok
        if name in ("highs", "scip", "cbc"):
            assert plan.objective.value == pytest.approx(best, abs=0.05, rel=2e-13)
            assert plan.solution_status == "optimal"
