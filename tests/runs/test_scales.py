"""Units and currencies of any size: every method against every assignment, judged by the independent verifier."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coverplan.payload.answer import evaluate, solve
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.runs import choice
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents

Document = dict[str, Any]
CASES = Path(__file__).parents[3] / "shared" / "cases" / "engine"
SCALES = [(money, hours) for money in (1e-6, 1.0, 1e12) for hours in (1e-4, 1.0, 1e6)]
WAYS = [("exact", "highs"), ("exact", "cp_sat"), ("exact", "scip"), ("exact", "cbc"), ("priced", "auto")]


def tight(seed: int, money: float, hours: float) -> Document:
    """Two reps, five accounts, hours of many digits; each rep's hours end just below what two accounts take."""
    draw = np.random.default_rng(seed)
    effort, worth = 0.2 + draw.random((2, 5)), np.round(draw.random((2, 5)), 6)
    capacity = effort[:, 1] + effort[:, 2] - 2e-7
    return {
        "reps": [{"id": f"r{rep}", "capacity_hours": float(capacity[rep] * hours)} for rep in range(2)],
        "accounts": [{"id": f"a{account}"} for account in range(5)],
        "pairs": [
            {
                "account_id": f"a{account}",
                "rep_id": f"r{rep}",
                "value": float(worth[rep, account] * money),
                "hours": float(effort[rep, account] * hours),
            }
            for rep, account in itertools.product(range(2), range(5))
        ],
    }


def answered(problem: Document, policy: Document, **options: Any) -> Plan:
    """The plan; the verifier has nothing against it."""
    plan = solve(*documents(problem, policy), Options(relative_gap=0.0, time_limit_s=10.0, **options))
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures
    return plan


@pytest.mark.parametrize(("method", "backend"), WAYS)
@pytest.mark.parametrize(("money", "hours"), SCALES)
def test_the_best_of_all_assignments(money: float, hours: float, method: str, backend: str) -> None:
    """Also where a plan that uses a millionth of the rows up would be worth more."""
    problem, policy = tight(3, money, hours), {"constraints": [{"kind": "capacity"}]}
    best = best_objective(Judge(problem, policy))
    assert best is not None

    plan = answered(problem, policy, method=method, backend=backend)

    assert plan.objective is not None
    assert plan.objective.value == pytest.approx(best, rel=1e-9, abs=0.0)
    assert plan.dual_bound is not None
    assert plan.dual_bound >= best * (1 - 1e-9)
    assert plan.solution_status == "optimal"
    assert plan.dual_bound <= best * (1 + 1e-6)


@pytest.mark.parametrize("money", [1e-6, 1e12])
@pytest.mark.parametrize("hours", [1e-4, 1e6])
def test_whole_knapsacks_in_any_unit(money: float, hours: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours of four digits, so that whole knapsacks are chosen; a hundredth of a per mille too many is too many."""
    monkeypatch.setattr(choice, "DENSE_FROM", 1)
    draw = np.random.default_rng(5)
    problem = tight(5, money, hours)
    for pair in problem["pairs"]:
        pair["hours"] = float(f"{draw.integers(2000, 9000) / 1e4 * hours:.6g}")
    taken = [sum(pair["hours"] for pair in problem["pairs"][5 * rep + 1 : 5 * rep + 3]) for rep in range(2)]
    for rep in range(2):
        problem["reps"][rep]["capacity_hours"] = float(f"{taken[rep] - 1e-5 * hours:.8g}")
    policy = {"constraints": [{"kind": "capacity"}]}
    best = best_objective(Judge(problem, policy))

    plan = answered(problem, policy)

    assert plan.objective is not None
    assert plan.objective.value == pytest.approx(best, rel=1e-9, abs=0.0)
    assert plan.dual_bound == pytest.approx(best, rel=1e-9, abs=0.0)


@pytest.mark.parametrize(("method", "backend"), WAYS)
def test_a_plan_that_lives_on_a_tolerance_is_none(method: str, backend: str) -> None:
    """Two accounts of 0.0005004 hours do not fit into 0.001: one of them brings 1,000,000."""
    case = json.loads((CASES / "small-units.json").read_text())

    plan = answered(case["problem"], case["policy"], method=method, backend=backend)

    assert plan.objective is not None
    assert plan.objective.value == 1_000_000
    assert plan.solution_status == "optimal"


@pytest.mark.parametrize(
    ("hours", "kept"),
    [
        (5.0, True),  # 10 of 10
        (5.0000005, True),  # 1e-6 too many; 1e-6 + 1e-9 * 10 are forgiven
        (5.000001, False),
        (5e-4, True),  # 0.001 of 0.001
        (5.000000002e-4, True),  # 4e-13 too many; 1e-6 * 0.001 + 1e-12 are forgiven
        (5.00001e-4, False),  # 2e-9 too many
    ],
)
def test_given_assignments_are_judged_in_the_unit_of_their_row(hours: float, kept: bool) -> None:
    """By `evaluate` as by `verify`."""
    problem = {
        "reps": [{"id": "r", "capacity_hours": 10 if hours > 1 else 1e-3}],
        "accounts": [{"id": name, "hours": hours, "expected_revenue": 10} for name in "ab"],
    }
    policy = {"constraints": [{"kind": "capacity"}]}
    given = [{"account_id": name, "rep_id": "r"} for name in "ab"]

    plan = evaluate(*documents(problem, policy), [AssignmentIn(**one) for one in given])

    assert (plan.solution_status == "feasible") == kept
    assert Judge(problem, policy).evaluate(given).feasible == kept


@pytest.mark.parametrize(("method", "backend"), [*WAYS, ("auto", "auto")])
def test_a_plan_that_needs_a_tolerance_is_one_where_there_is_no_other(method: str, backend: str) -> None:
    """8e-7 hours too many, of 10, are forgiven; without must_cover one account is enough, and the proof is exact."""
    problem = {
        "reps": [{"id": "r", "capacity_hours": 10}],
        "accounts": [{"id": name, "hours": 5.0000004, "expected_revenue": 1e6} for name in "ab"],
    }

    both = answered(
        problem, {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}, method=method, backend=backend
    )
    free = answered(problem, {"constraints": [{"kind": "capacity"}]}, method=method, backend=backend)

    assert both.objective is not None
    assert both.objective.value == 2e6
    assert any("within their tolerances" in note for note in both.notes)
    assert free.objective is not None
    assert free.objective.value == 1e6


@pytest.mark.parametrize("excess", [1e-10, 2e-8])
def test_every_way_draws_the_line_at_the_same_place(excess: float) -> None:
    """1e-10 too many of 10 hours is rounding, 2e-8 is not: the same plan whoever solves."""
    problem = {
        "reps": [{"id": "r", "capacity_hours": 10}],
        "accounts": [{"id": name, "hours": 5 + excess / 2, "expected_revenue": 1e6} for name in "ab"],
    }
    for method, backend in WAYS:
        plan = answered(problem, {"constraints": [{"kind": "capacity"}]}, method=method, backend=backend)

        assert plan.objective is not None
        assert plan.objective.value == (2e6 if excess < 1e-8 else 1e6)


def test_a_small_gain_in_a_small_currency_is_a_gain() -> None:
    """The second of two millionths more is not optimal to within a millionth: the verifier says so as well."""
    problem = {
        "reps": [{"id": "r", "capacity_hours": 1}],
        "accounts": [
            {"id": name, "hours": 1, "expected_revenue": worth} for name, worth in (("a", 1e-6), ("b", 1.5e-6))
        ],
    }
    policy = {"constraints": [{"kind": "capacity"}]}
    plan = answered(problem, policy)
    assert plan.objective is not None
    assert plan.objective.value == 1.5e-6

    worse = solve(
        *documents(
            problem, {"constraints": [{"kind": "capacity"}, {"kind": "must_cover", "accounts": {"ids": ["a"]}}]}
        ),
        Options(),
    )
    claimed = worse.model_dump(mode="json") | {"policy_hash": plan.policy_hash, "solution_status": "optimal"}
    claimed["dual_bound"] = plan.dual_bound
    claimed["certificate"] = plan.model_dump(mode="json")["certificate"]

    codes = {failure.code for failure in verify(problem, policy, claimed).failures}

    assert "not_optimal" in codes
