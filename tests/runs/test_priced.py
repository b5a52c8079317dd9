"""The priced method against every assignment of tiny problems, and against the exact method on larger ones."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.answer import solve
from coverplan.payload.checks import check
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.tables.generate import generate
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents
from support.drawing import policies
from support.policies import any_rule
from support.sampling import examples
from support.tiny import problems

SMALL = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}, {"kind": "balance", "penalty": 0.2}]}


def _plan(problem: dict[str, Any], policy: dict[str, Any], **options: Any) -> dict[str, Any]:
    plan = solve(*documents(problem, policy), Options(method="priced", **options))
    return json.loads(plan.model_dump_json())  # type: ignore[no-any-return]


@examples(150)
@given(problems(), policies(any_rule(), any_rule(), any_rule()))
def test_bound_and_plan_against_all_assignments(problem: dict[str, Any], policy: dict[str, Any]) -> None:
    """The bound never lies below the best assignment, and what is called a plan keeps every hard rule."""
    best = best_objective(Judge(problem, policy))
    try:
        plan = _plan(problem, policy, relative_gap=0.0, time_limit_s=20)
    except PayloadError as refusal:
        codes = {issue.code for issue in refusal.report.errors}
    else:
        codes = set()
    if codes:
        assert codes <= {"family_locked_apart", "exact_method_only"}
        return
    if best is None:
        assert plan["solution_status"] in {"infeasible", "no_solution_found"}
        assert plan["assignments"] == []
        return
    assert plan["dual_bound"] >= best - 1e-6
    assert plan["certificate"]["bound"] >= best - 1e-6
    assert plan["objective"]["value"] <= best + 1e-6
    assert plan["solution_status"] == "optimal"
    assert math.isclose(plan["objective"]["value"], best, rel_tol=1e-9, abs_tol=1e-6)
    assert verify(problem, policy, plan).ok


@examples(8)
@given(st.integers(0, 10_000))
def test_gap_closes_on_a_small_book(seed: int) -> None:
    """Twelve accounts: the two methods agree on the optimum. About half of the books take processes to search them."""
    problem = generate(accounts=12, reps=3, pairs=3, seed=seed)
    priced = _plan(problem, SMALL, relative_gap=0.0, time_limit_s=20)
    exact = solve(*documents(problem, SMALL), Options(method="exact", relative_gap=0.0, time_limit_s=20))

    assert exact.objective is not None
    assert priced["solution_status"] == "optimal"
    assert math.isclose(priced["objective"]["value"], exact.objective.value, rel_tol=1e-9)


def test_a_tight_book_of_three_hundred() -> None:
    """The plan is verified, and the gap is below half a per cent."""
    problem = generate(accounts=300, reps=10, pairs=5, seed=3)
    plan = _plan(problem, SMALL, relative_gap=0.005, time_limit_s=30)

    assert plan["method"]["used"] == "priced"
    assert plan["gap"] <= 0.005
    assert verify(problem, SMALL, plan).ok


def test_many_reps_for_few_accounts() -> None:
    """Thirty-five reps for 85 accounts: the few best columns of each seat alone hold no plan."""
    problem = generate(accounts=85, reps=35, pairs=35, seed=1)
    rules = [*SMALL["constraints"], {"kind": "keep_current", "max_moved_share": 0.2}]
    policy = {"constraints": [*rules, {"kind": "protect", "accounts": {"top": 20}}]}

    plan = _plan(problem, policy, relative_gap=0.02, time_limit_s=30)

    assert plan["gap"] <= 0.02
    assert verify(problem, policy, plan).ok


def test_the_bound_of_a_truncated_search_covers_the_pairs_left_out() -> None:
    """One rep listed per account beside its own: the plan over all pairs is never worth more than the bound."""
    problem = generate(accounts=40, reps=6, pairs=6, seed=4)
    rules = [{"kind": "capacity"}, {"kind": "must_cover"}]
    whole = solve(*documents(problem, {"constraints": rules}), Options(relative_gap=0.0, time_limit_s=10))

    part = _plan(problem, {"constraints": rules, "candidates": {"per_seat": 1}}, relative_gap=0.0, time_limit_s=5)

    assert whole.objective is not None
    assert part["dual_bound"] >= whole.objective.value - 1e-6
    assert part["certificate"]["bound"] >= whole.objective.value - 1e-6


def test_nothing_is_proven_by_listed_pairs_that_hold_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rep listed per account beside its own, and no look at the pairs left out: their prices have no bound."""
    monkeypatch.setattr("coverplan.runs.run.MOST_PAIRS", 0)
    problem = generate(accounts=40, reps=6, pairs=6, seed=4)
    policy = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}], "candidates": {"per_seat": 1}}

    plan = _plan(problem, policy, time_limit_s=1)

    assert (plan["dual_bound"], plan["certificate"]) == (None, None)
    assert any("no plan keeps to the listed pairs" in note for note in plan["notes"])


def test_spread_is_for_the_exact_method_only() -> None:
    """Asked for priced, the answer is an error that names the option; left to itself, the exact method takes it."""
    problem = generate(accounts=12, reps=3, pairs=3, seed=1)
    policy = {"constraints": [{"kind": "spread", "max": 2}]}

    with pytest.raises(PayloadError) as refusal:
        _plan(problem, policy)

    assert [(issue.code, issue.pointer) for issue in refusal.value.report.errors] == [
        ("exact_method_only", "/options/method")
    ]
    assert solve(*documents(problem, policy), Options()).method.used == "exact"


def test_a_book_too_large_for_spread_is_refused_before_solving() -> None:
    """500 accounts that each of 250 reps may serve: 125,000 pairs, above 100,000."""
    problem = {"reps": [{"id": f"r{rep}"} for rep in range(250)], "accounts": [{"id": f"a{i}"} for i in range(500)]}
    policy = {"constraints": [{"kind": "capacity"}, {"kind": "spread", "max": 2}]}
    facts, wishes = documents(problem, policy)

    (issue,) = check(facts, wishes).errors

    assert (issue.code, issue.pointer, issue.value) == ("too_large_for_rule", "/policy/constraints/1", 125_000)
    with pytest.raises(PayloadError):
        solve(facts, wishes, Options())


def test_rules_that_no_plan_keeps_are_called_infeasible() -> None:
    """Three accounts of 2 hours on two reps of 3: the relaxation has a solution, whole accounts do not."""
    problem = {
        "reps": [{"id": "r0", "capacity_hours": 3}, {"id": "r1", "capacity_hours": 3}],
        "accounts": [{"id": f"a{place}", "hours": 2} for place in range(3)],
    }
    plan = _plan(problem, {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]})

    assert plan["solution_status"] == "infeasible"
    assert plan["assignments"] == []
    assert plan["least_violating"] is not None


def test_it_stops_once_the_plan_is_optimal() -> None:
    """A bound has a hair of 1e-12 against rounding, so a gap of 0 is never reached: nobody re-plans for that hair."""
    problem = {
        "reps": [{"id": f"r{place}"} for place in range(3)],
        "accounts": [{"id": f"a{place}", "expected_revenue": 1000 + 37 * place} for place in range(6)],
    }

    plan = _plan(problem, {"constraints": [], "candidates": {"per_seat": 1}}, relative_gap=0.0, time_limit_s=20)

    assert plan["solution_status"] == "optimal"
    assert plan["dual_bound"] > plan["objective"]["value"] == 6_555.0  # 6 x 1,000 + 15 x 37
    assert "neighbourhoods" not in plan["metrics"]["seconds"]
