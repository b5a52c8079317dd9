"""Programs that hard capacities alone couple: against every assignment, and against published optima."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import numpy as np
import pytest
from benchmarks.instances import gap
from hypothesis import given
from hypothesis import strategies as st

from coverplan.domain.book import Book
from coverplan.mip.program import Status
from coverplan.payload.answer import request_of, solve
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.pricing.knapsack import Knapsacks
from coverplan.runs.choice import knapsacks_of
from coverplan.runs.dense import DenseRun
from coverplan.runs.outcome import Outcome
from coverplan.runs.run import Setting, formulate
from coverplan.verify import verify
from support.brute import documents
from support.sampling import examples

Document = dict[str, Any]
CAPACITY: list[Document] = [{"kind": "capacity"}]
COVERED: list[Document] = [*CAPACITY, {"kind": "must_cover"}]


def _problem(rng: np.random.Generator, n_reps: int, n_accounts: int, decimals: int, tightness: float) -> Document:
    """Random pairs, hours with decimals, capacities around a share of the hours."""
    hours = np.round(rng.uniform(0.5, 6.0, (n_reps, n_accounts)), decimals)
    values = np.round(rng.uniform(-10.0, 30.0, (n_reps, n_accounts)), decimals)
    capacity = np.round(tightness * hours.sum(axis=1) / n_reps, decimals)
    return {
        "reps": [{"id": f"r{rep}", "capacity_hours": float(capacity[rep])} for rep in range(n_reps)],
        "accounts": [{"id": f"a{account}"} for account in range(n_accounts)],
        "pairs": [
            {
                "account_id": f"a{account}",
                "rep_id": f"r{rep}",
                "value": float(values[rep, account]),
                "hours": float(hours[rep, account]),
            }
            for rep, account in itertools.product(range(n_reps), range(n_accounts))
        ],
    }


def _run(problem: Document, rules: list[Document], seconds: float = 20.0) -> tuple[Outcome, Knapsacks]:
    facts, wishes = documents(problem, {"constraints": rules})
    options = Options(relative_gap=0.0, time_limit_s=seconds)
    request = request_of(Book.of(to_instance(facts)), wishes, options, None)
    formulation = formulate(request)
    knapsacks = Knapsacks.of(formulation)
    assert knapsacks is not None
    setting = Setting(None, None, time.monotonic(), "")
    return DenseRun(request, formulation, setting, knapsacks).answer(), knapsacks


@examples(12)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 3),
    st.integers(2, 6),
    st.integers(0, 2),
    st.sampled_from([0.6, 0.9, 1.3]),
    st.booleans(),
)
def test_the_best_of_all_assignments(
    seed: int, n_reps: int, n_accounts: int, decimals: int, tightness: float, covered: bool
) -> None:
    """Every way to give accounts to reps, within 1e-6 hours of the capacities; uncovered accounts earn nothing."""
    problem = _problem(np.random.default_rng(seed), n_reps, n_accounts, decimals, tightness)
    pairs = {(pair["account_id"], pair["rep_id"]): pair for pair in problem["pairs"]}
    best = -np.inf
    for plan in itertools.product(range(-1 + covered, n_reps), repeat=n_accounts):
        used, worth = np.zeros(n_reps), 0.0
        for account, rep in enumerate(plan):
            if rep >= 0:
                pair = pairs[f"a{account}", f"r{rep}"]
                used[rep] += pair["hours"]
                worth += pair["value"]
        if all(used[rep] <= problem["reps"][rep]["capacity_hours"] + 1e-6 for rep in range(n_reps)):
            best = max(best, worth)

    outcome, _ = _run(problem, COVERED if covered else CAPACITY)

    if np.isinf(best):
        assert outcome.status is Status.INFEASIBLE
        return
    assert outcome.status is Status.OPTIMAL
    assert outcome.account is not None
    assert outcome.account.objective == pytest.approx(best, abs=1e-6)
    assert outcome.dual_bound is not None
    assert outcome.dual_bound >= best - 1e-6
    assert outcome.certificate is not None
    assert outcome.certificate.bound >= best - 1e-6


def test_the_caller_decides_and_other_rules_decide() -> None:
    """Whole knapsacks are for `auto`, and for programs that hard capacities alone couple."""
    problem = _problem(np.random.default_rng(1), 10, 60, 0, 0.9)

    def chosen(rules: list[Document], **options: Any) -> bool:
        facts, wishes = documents(problem, {"constraints": rules})
        request = request_of(Book.of(to_instance(facts)), wishes, Options(**options), None)
        return knapsacks_of(request, formulate(request)) is not None

    assert chosen(COVERED)
    assert not chosen(COVERED, method="exact")
    assert not chosen(COVERED, method="priced")
    assert not chosen(COVERED, backend="highs")
    assert not chosen(COVERED, deterministic=True)
    assert not chosen(COVERED, work_limit=5.0)
    assert not chosen([*COVERED, {"kind": "balance", "measure": "hours", "tolerance": 0.2, "penalty": 1.0}])


def test_the_time_limit_holds_and_the_plan_verifies() -> None:
    """Twelve reps with ten accounts each and tight hours: three seconds prove nothing, but leave a plan."""
    problem = _problem(np.random.default_rng(7), 12, 120, 1, 0.72)
    policy = {"constraints": COVERED}
    began = time.monotonic()
    plan = solve(*documents(problem, policy), Options(relative_gap=0.0, time_limit_s=3.0))
    took = time.monotonic() - began

    assert "knapsacks" in plan.method.why
    assert plan.objective is not None
    assert plan.dual_bound is not None
    assert plan.dual_bound_source == "branch_and_bound"
    assert plan.dual_bound >= plan.objective.value
    assert verify(problem, policy, json.loads(plan.model_dump_json())).ok
    assert took < 3.0 + 5.0  # the bar is one second; the machine of a test may be busy


@pytest.mark.skipif(not gap.available(), reason="needs ../shared/data/gap beside the clone")
@pytest.mark.parametrize("name", ["a20200", "c20100"])
def test_published_optima(name: str) -> None:
    """Chu & Beasley's, proven; costs are negative values. `benchmarks` has the larger ones."""
    plan = solve(*documents(gap.problem(name), gap.POLICY), Options(relative_gap=0.0, time_limit_s=60.0))

    assert plan.solution_status == "optimal"
    assert plan.objective is not None
    assert -plan.objective.value == pytest.approx(gap.best_known()[name][1])
