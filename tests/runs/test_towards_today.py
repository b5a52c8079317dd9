"""Ties go to today: against every assignment of tiny problems, and against slow searches on larger ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given

from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import Closeness
from coverplan.formulation.program import Choice, to_choice, to_program
from coverplan.mip.program import Limits
from coverplan.payload import outcome
from coverplan.payload.answer import finish, solve
from coverplan.payload.checkpoint import keeper
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.pricing.chains import bring_home
from coverplan.pricing.returns import Homeward
from coverplan.runs import few_plans, run
from coverplan.solvers.registry import backend
from coverplan.tables.generate import generate
from coverplan.verify import Judge, verify
from support.brute import documents
from support.by_hand import book, solved, worth
from support.by_hand import cover_of as by_hand
from support.closeness import closest, cover_of, distance, holders
from support.drawing import policies
from support.formulations import formulation_of
from support.homecoming import Weighing, homecoming
from support.policies import BY_KIND, rules
from support.rich import rich_policies, rich_problems
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
Backend = Literal["auto", "highs", "cp_sat", "scip", "cbc"]


@pytest.fixture(autouse=True, scope="module")
def _unhurried() -> Iterator[None]:
    """No clock decides how far the step comes, however busy the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "AT_ONCE_S", 20.0)
        patch.setattr(outcome, "FINISHING_S", 20.0)
        patch.setattr(outcome, "SHARE", 1.0)
        yield


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
@pytest.mark.parametrize("most_plans", [1, few_plans.MOST_PLANS])
def test_closest_of_all_assignments_under_every_rule(
    kind: str, most_plans: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lexicographically, seat by seat, under one rule of the kind: by a program, and by looking at all plans."""
    monkeypatch.setattr(few_plans, "MOST_PLANS", most_plans)

    @examples(8)
    @given(problems(), policies(rules(kind)))
    def check(problem: Document, policy: Document) -> None:
        _check(problem, policy)

    check()


@pytest.mark.parametrize("most_plans", [1, few_plans.MOST_PLANS])
def test_closest_under_several_rules(most_plans: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two roles, merged families, forced moves, own numbers, several random rules at once."""
    monkeypatch.setattr(few_plans, "MOST_PLANS", most_plans)

    @examples(20)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        _check(problem, policy)

    check()


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

    homeward = Homeward(formulation, choice, closeness, before - 1e-9 * abs(before))
    assert bring_home(homeward)

    assert closeness.total(homeward.choice) <= closeness.total(choice)
    assert Weighing(formulation).objective(homeward.choice) >= before - 1e-9 * abs(before)
    left = homecoming(formulation, homeward.choice)
    assert left is None, left


def test_four_accounts_stay_where_they_are() -> None:
    """Two reps, one to three accounts each: today keeps every rule, and every swap is worth as much."""
    accounts = {
        "p1": {"revenue_history": [1000, 0], "current": [{"rep_id": "a"}]},
        "p2": {"revenue_history": [1000, 0], "current": [{"rep_id": "b"}]},
        "p3": {"expected_revenue": 0, "potential": 500, "current": [{"rep_id": "a"}]},
        "p4": {"expected_revenue": 0, "potential": 500, "current": [{"rep_id": "b"}]},
    }
    plan = solved(
        book(accounts, {"a": {}, "b": {}}), {"kind": "must_cover"}, {"kind": "account_count", "min": 1, "max": 3}
    )

    assert by_hand(plan) == {"p1": "a", "p2": "b", "p3": "a", "p4": "b"}
    assert plan.towards_today is not None
    assert (plan.towards_today.scope, plan.towards_today.owners_changed) == ("closest", 0)


def test_accounts_that_bring_nothing_keep_their_owner_and_new_ones_stay_without() -> None:
    """b brings nothing and stays with Ben; c brings nothing and nobody holds it: covering it raises nothing."""
    accounts = {"a": worth(1000, "ann"), "b": worth(0, "ben"), "c": worth(0)}
    plan = solved(book(accounts, {"ann": {}, "ben": {}}), {"kind": "capacity"})

    assert by_hand(plan) == {"a": "ann", "b": "ben"}
    assert [(one.account_id, one.reason) for one in plan.uncovered] == [("c", "not_worthwhile")]


def test_the_earlier_account_stays_where_one_has_to_go() -> None:
    """Ana may hold one account of two that are worth the same, and Bo takes the other: the later one."""
    accounts = {"x": worth(100, "ana"), "y": worth(100, "ana")}
    plan = solved(
        book(accounts, {"ana": {}, "bo": {}}), {"kind": "account_count", "max": 1}, objective={"relationship_loss": 0}
    )

    assert by_hand(plan) == {"x": "ana", "y": "bo"}


@pytest.mark.parametrize("method", ["auto", "exact", "priced"])
def test_it_repeats_itself_and_loses_nothing(method: Any) -> None:
    """Twice the same plan in deterministic mode; the objective is not below what the search ended with."""
    problem = generate(accounts=60, reps=6, pairs=4, seed=5)
    policy = {"constraints": [{"kind": "capacity", "utilisation": 0.8}, {"kind": "balance", "penalty": 0.2}]}
    options = Options(deterministic=True, work_limit=5, relative_gap=0.0, seed=3, method=method)

    first, second = (solve(*documents(problem, policy), options) for _ in range(2))

    assert first.model_dump(exclude={"metrics"}) == second.model_dump(exclude={"metrics"})
    assert first.objective is not None
    assert first.towards_today is not None
    before = first.towards_today.objective_before
    assert first.objective.value >= before - 1e-9 * abs(before)


def test_a_stopped_solve_ends_there_too(tmp_path: Path) -> None:
    """What a lost solve left moves an account for nothing; its plan, taken from there, does not."""
    problem = book({"x": worth(100, "ana"), "y": worth(0, "bo")}, {"ana": {}, "bo": {}})
    policy: Document = {"constraints": [{"kind": "must_cover"}], "objective": {"relationship_loss": 0}}
    keeper(tmp_path)(np.array([1, 0], np.int32), 100.0, None, (), False)

    plan = finish(*documents(problem, policy), Options(), tmp_path, "cancelled")

    assert by_hand(plan) == {"x": "ana", "y": "bo"}
    assert plan.towards_today is not None
    assert plan.towards_today.undone == 2
