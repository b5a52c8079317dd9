"""Ties go to today: against every assignment of tiny problems, and against slow searches on larger ones."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given

from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import Closeness
from coverplan.formulation.program import Choice, to_choice, to_program
from coverplan.mip.program import Limits
from coverplan.payload.answer import solve
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.pricing.chains import bring_home
from coverplan.pricing.returns import Homeward
from coverplan.solvers.registry import backend
from coverplan.tables.generate import generate
from coverplan.verify import Judge, verify
from support.brute import documents
from support.closeness import closest, cover_of, distance, holders
from support.formulations import formulation_of
from support.homecoming import Weighing, homecoming
from support.policies import BY_KIND, policies, rules
from support.rich import rich_policies, rich_problems
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
Backend = Literal["auto", "highs", "cp_sat", "scip", "cbc"]


def _check(problem: Document, policy: Document, backend: Backend = "auto", method: Any = "auto") -> Plan | None:
    """The plan is the closest to today of all assignments that are worth as much."""
    judge = Judge(problem, policy)
    expected = closest(problem, judge)
    options = Options(relative_gap=0.0, time_limit_s=20, backend=backend, method=method)
    try:
        plan = solve(*documents(problem, policy), options)
    except PayloadError:
        return None
    if expected is None or plan.objective is None:
        return None
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures
    best, key = expected
    told = plan.towards_today
    assert told is not None
    if plan.solution_status != "optimal":
        return plan
    assert math.isclose(plan.objective.value, best, rel_tol=1e-9, abs_tol=1e-6)
    assert told.scope == "closest"
    assert distance(judge, holders(problem, judge), cover_of(plan, judge)) == key
    assert (told.owners_lost, told.owners_changed, told.newly_covered) == key[:3]
    return plan


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_closest_of_all_assignments_under_every_rule(kind: str) -> None:
    """Lexicographically, seat by seat, under one rule of the kind."""

    @examples(15)
    @given(problems(), policies(rules(kind)))
    def check(problem: Document, policy: Document) -> None:
        _check(problem, policy)

    check()


@examples(40)
@given(rich_problems(), rich_policies())
def test_closest_under_several_rules(problem: Document, policy: Document) -> None:
    """Two roles, merged families, forced moves, own numbers, several random rules at once."""
    _check(problem, policy)


@pytest.mark.parametrize("backend", ["cp_sat", "scip", "cbc"])
def test_every_backend_ends_at_the_same_plan(backend: Backend) -> None:
    """Whoever found the optimum, the plan is the closest one."""

    @examples(8)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        _check(problem, policy, backend)

    check()


@examples(15)
@given(rich_problems(), rich_policies())
def test_the_priced_method_ends_at_the_same_plan(problem: Document, policy: Document) -> None:
    """The same for prices and neighbourhoods."""
    _check(problem, policy, method="priced")


RULES: dict[str, list[Document]] = {
    "capacity": [{"kind": "capacity"}, {"kind": "balance", "penalty": 0.2}],
    "counts": [{"kind": "account_count", "min": 2, "max": 9}, {"kind": "revenue_band", "max": 2e6, "penalty": 0.1}],
    "moves": [{"kind": "capacity"}, {"kind": "keep_current", "max_moved_share": 0.6, "max_gained": 4, "per": "rep"}],
    "coverage": [{"kind": "capacity", "utilisation": 0.7}, {"kind": "coverage", "min_share": 0.8}],
    "family": [{"kind": "capacity"}, {"kind": "family", "penalty": 2000.0}],
    "merged": [{"kind": "capacity"}, {"kind": "family"}, {"kind": "balance", "penalty": 0.3, "measure": "hours"}],
    "spread": [{"kind": "capacity"}, {"kind": "spread", "max": 2, "by": "industry", "penalty": 3000.0}],
    "must": [{"kind": "must_cover", "penalty": 500.0}, {"kind": "account_count", "max": 7}],
}


def _worse(formulation: Formulation, seed: int) -> Choice:
    """A plan that keeps the hard rules, from that of a solver that stops early, stirred by random free moves."""
    weighing, rng = Weighing(formulation), np.random.default_rng(seed)
    program = to_program(formulation)
    found = backend("highs").solve(program, Limits(relative_gap=0.3, time_limit_s=10), None, None)
    assert found.x is not None
    choice = to_choice(formulation, found.x)
    for unit in rng.permutation(len(choice)).tolist():
        trial = choice.copy()
        trial[unit] = rng.choice(weighing.open(unit))
        if np.isfinite(weighing.objective(trial)):
            choice = trial
    return choice


@pytest.mark.parametrize("rules", sorted(RULES))
@pytest.mark.parametrize("seed", [1, 2])
def test_no_return_swap_or_chain_is_left(rules: str, seed: int) -> None:
    """From a plan far from the optimum; the slow search tries every move of up to three accounts."""
    problem = generate(accounts=36, reps=5, pairs=4, seed=seed)
    formulation = formulation_of(problem, {"constraints": RULES[rules]})
    assert formulation is not None
    choice = _worse(formulation, seed)
    before, closeness = Weighing(formulation).objective(choice), Closeness.of(formulation.pairs)

    homeward = Homeward(formulation, choice, closeness, before - 1e-9 * abs(before), np.inf)
    assert bring_home(homeward)

    assert closeness.total(homeward.choice) <= closeness.total(choice)
    assert Weighing(formulation).objective(homeward.choice) >= before - 1e-9 * abs(before)
    left = homecoming(formulation, homeward.choice)
    assert left is None, left
