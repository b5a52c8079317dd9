"""Every choice of method meets shapes with no row, no pair, one rep, nothing to decide, or no way out."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import pytest

from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.runs import choice
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents

Document = dict[str, Any]
PROTECT: Document = {"kind": "protect", "accounts": {"top": 2, "by": "revenue"}}
POLICIES: dict[str, list[Document]] = {
    "nothing": [],
    "must_cover": [{"kind": "must_cover"}],
    "protect": [PROTECT],
    "capacity": [{"kind": "capacity"}],
    "capacity and cover": [{"kind": "capacity"}, {"kind": "must_cover"}],
    "capacity and protect": [{"kind": "capacity"}, PROTECT],
    "soft balance": [{"kind": "balance", "penalty": 0.5}],
}


def _problem(reps: int, accounts: int = 4, rep: Document | None = None, **account: Any) -> Document:
    """Accounts of 10 hours each whose revenues differ by 37."""
    return {
        "reps": [{"id": f"r{place}", **(rep or {})} for place in range(reps)],
        "accounts": [
            {"id": f"a{place}", "hours": 10, "expected_revenue": 1000 + 37 * place, **account}
            for place in range(accounts)
        ],
    }


HELD: Document = {"current": [{"rep_id": "r0"}]}
NOBODY = [{"account_id": f"a{seat}", "rep_id": f"r{rep}", "eligible": False} for seat in range(4) for rep in range(3)]
SHAPES: dict[str, Document] = {
    "no hours of anybody": _problem(3),
    "room for half": _problem(3, rep={"capacity_hours": 10}),
    "one rep": _problem(1, rep={"capacity_hours": 25}),
    "one seat": _problem(3, 1, rep={"capacity_hours": 10}),
    "one pair": _problem(1, 1, rep={"capacity_hours": 10}),
    "nobody has time": _problem(3, rep={"capacity_hours": 0}),
    "hours for one rep only": {
        **_problem(3),
        "reps": [{"id": "r0", "capacity_hours": 10}, {"id": "r1"}, {"id": "r2", "capacity_hours": 0}],
    },
    "all fixed": _problem(3, rep={"capacity_hours": 100}, locked=True, **HELD),
    "all fixed, too much": _problem(3, rep={"capacity_hours": 10}, locked=True, **HELD),
    "nobody may": {**_problem(3, rep={"capacity_hours": 10}), "pairs": NOBODY},
    "nobody works then": _problem(3, rep={"capacity_hours": 10, "end_date": "2000-01-01"}),
    "no hours needed": {**_problem(3, rep={"capacity_hours": 10}), "accounts": [{"id": "a", "hours": 0}]},
}


@cache
def _best(shape: str, policy: str) -> float | None:
    return best_objective(Judge(SHAPES[shape], {"constraints": POLICIES[policy]}))


def _solve(problem: Document, rules: list[Document]) -> Plan:
    facts, wishes = documents(problem, {"constraints": rules})
    return solve(facts, wishes, Options(relative_gap=0.0, time_limit_s=20))


def _thresholds(monkeypatch: pytest.MonkeyPatch, dense_from: int, dense_up_to: int, priced_from: int) -> None:
    monkeypatch.setattr(choice, "DENSE_FROM", dense_from)
    monkeypatch.setattr(choice, "DENSE_UP_TO", dense_up_to)
    monkeypatch.setattr(choice, "PRICED_FROM", priced_from)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "thresholds", [(0, 10**6, 0), (10**6, 10**6, 0), (10**6, 10**6, 10**6)], ids=["dense", "priced", "exact"]
)
def test_each_choice_finds_the_best_of_every_shape(
    monkeypatch: pytest.MonkeyPatch, thresholds: tuple[int, int, int], policy: str
) -> None:
    """Every assignment is tried one by one; with thresholds of 0 the method meets what it never meets by size."""
    _thresholds(monkeypatch, *thresholds)
    for shape, problem in SHAPES.items():
        best = _best(shape, policy)

        plan = _solve(problem, POLICIES[policy])

        assert plan.solution_status == ("infeasible" if best is None else "optimal"), shape
        if best is not None:
            assert plan.objective is not None
            assert math.isclose(plan.objective.value, best, rel_tol=1e-9, abs_tol=1e-6), shape
        document = json.loads(plan.model_dump_json())
        assert verify(problem, {"constraints": POLICIES[policy]}, document).ok, shape


@pytest.mark.parametrize("beyond", [-1, 0, 1])
@pytest.mark.parametrize("threshold", ["DENSE_FROM", "DENSE_UP_TO", "PRICED_FROM"])
@pytest.mark.parametrize("policy", ["nothing", "capacity and cover"])
def test_on_either_side_of_each_threshold_the_answer_is_the_same(
    monkeypatch: pytest.MonkeyPatch, threshold: str, beyond: int, policy: str
) -> None:
    """Twelve pairs, against thresholds of 11, 12 and 13."""
    _thresholds(monkeypatch, 0 if threshold == "DENSE_UP_TO" else 10**6, 10**6, 0)
    monkeypatch.setattr(choice, threshold, 12 + beyond)
    best = _best("no hours of anybody", policy)

    plan = _solve(SHAPES["no hours of anybody"], POLICIES[policy])

    assert plan.solution_status == "optimal"
    assert plan.objective is not None
    assert best is not None
    assert math.isclose(plan.objective.value, best, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("accounts", "reps"),
    [(133, 3), (80, 5), (401, 1), (833, 3), (500, 5), (2_501, 1)],  # 399, 400, 401; 2,499, 2,500, 2,501 pairs
)
@pytest.mark.parametrize("policy", ["nothing", "must_cover", "capacity and cover", "protect"])
def test_without_a_row_everybody_earns_all_there_is(accounts: int, reps: int, policy: str) -> None:
    """No rep has hours, so capacity has no row either: the revenues add up, whatever the size."""
    plan = _solve(_problem(reps, accounts), POLICIES[policy])

    assert plan.solution_status == "optimal"
    assert plan.objective is not None
    assert math.isclose(plan.objective.value, 1000 * accounts + 37 * accounts * (accounts - 1) / 2, rel_tol=1e-9)
