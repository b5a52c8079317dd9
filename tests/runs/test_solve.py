"""A run from its request to its answer: start plans, determinism, truncation, infeasibility, progress."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.answer import evaluate, solve
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan, Progress
from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.brute import documents
from support.by_hand import book, cover_of, evaluated, solved, value, worth
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]
TIGHT = {"constraints": [{"kind": "capacity", "utilisation": 0.8}, {"kind": "balance", "penalty": 0.2}]}


def _check(problem: Document, policy: Document, plan: Plan) -> None:
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures


def test_deterministic_mode_repeats_itself() -> None:
    """Twice the same document, but for the metrics, though the search stops after one node."""
    problem = generate(accounts=60, reps=6, pairs=4, seed=5)
    options = Options(deterministic=True, work_limit=1, relative_gap=0.0, seed=3)

    first, second = (solve(*documents(problem, TIGHT), options).model_dump(exclude={"metrics"}) for _ in range(2))

    assert (first["stopped_by"], first["reproducible"]) == ("work_limit", True)
    assert first == second


def test_a_plan_refutes_a_solver_that_finds_none() -> None:
    """CBC calls this infeasible, where every rule is soft: Ana brings 8,115,000 / 12 of 4,368,800."""
    roles = [{"role": "se", "hours": 0, "revenue_share": 0.25}, {"role": "ae", "hours": 0, "revenue_share": 0.5}]
    problem = {
        "horizon": {"months": 1},
        "segments": [{"id": "s", "roles": [*roles, {"role": "csm", "hours": 1, "revenue_share": 0.25}]}],
        "reps": [{"id": "ana", "role": "csm"}],
        "accounts": [{"id": "a", "segment": "s", "revenue_history": [8115000.000000001]}, {"id": "b", "segment": "s"}],
    }
    band = {"kind": "revenue_band", "min": 4368800.0, "max": 16500000.0, "penalty": 1e6}

    plan = solved(
        problem, band, {"kind": "must_cover", "penalty": 0.5}, objective={"expected_revenue": 0}, backend="cbc"
    )

    assert plan.solution_status in ("optimal", "feasible")
    # Four seats of six have no rep: 4 * 0.5.
    assert value(plan) == pytest.approx(-1e6 * (4368800 - 8115000 / 12) - 2)


def test_a_feasible_start_is_never_made_worse() -> None:
    """With next to no time the answer is at least the plan that was given."""
    problem = generate(accounts=200, reps=8, pairs=5, seed=1)
    start = solve(*documents(problem, TIGHT), Options(relative_gap=0.01))

    plan = solve(*documents(problem, TIGHT), Options(time_limit_s=0.05, relative_gap=0.0), start_plan=start)

    _check(problem, TIGHT, plan)
    assert plan.objective is not None
    assert plan.objective.value >= value(start) - 1e-6


def _started(problem: Document, rule: Document, start: dict[str, str]) -> Plan:
    """Solve from a start that was made without the rule."""
    free = {"kind": "goal", "measure": "accounts", "min": 0}
    unlocked = {**problem, "accounts": [{**account, "locked": False} for account in problem["accounts"]]}
    given = evaluated(unlocked, free, start)
    policy = {"constraints": [rule]}
    plan = solve(*documents(problem, policy), Options(relative_gap=0.0), start_plan=given)
    _check(problem, policy, plan)
    return plan


def test_a_start_that_names_what_is_not_there_is_told_where_it_stands() -> None:
    """Account b has gone since."""
    rule = {"constraints": [{"kind": "goal", "measure": "accounts", "min": 0}]}
    before = solve(*documents(book({"a": worth(100), "b": worth(40)}, {"ana": {}}), rule), Options())

    plan = solve(*documents(book({"a": worth(100)}, {"ana": {}}), rule), Options(), start_plan=before)

    assert [(issue.code, issue.pointer) for issue in plan.issues] == [("start_plan_ignored", "/start_plan")]


def test_a_start_that_breaks_a_rule_is_a_hint() -> None:
    """Ana may hold one account; the start gives her both."""
    problem = book({"a": worth(100), "b": worth(40)}, {"ana": {}, "bo": {}})

    plan = _started(problem, {"kind": "account_count", "max": 1}, {"a": "ana", "b": "ana"})

    assert value(plan) == pytest.approx(140)
    assert any("used as a hint" in note for note in plan.notes)


def test_a_start_that_breaks_a_lock_is_no_plan() -> None:
    """Bo is worth double, but a is locked to Ana: 100, though the start would earn 185."""
    problem = book(
        {"a": worth(100, "ana", locked=True)},
        {"ana": {}, "bo": {}},
        fit=[{"rep_id": "bo", "account_id": "a", "multiplier": 2}],
    )

    plan = _started(problem, {"kind": "capacity"}, {"a": "bo"})

    assert cover_of(plan) == {"a": "ana"}
    assert value(plan) == pytest.approx(100)
    assert value(_started(problem, {"kind": "capacity"}, {})) == pytest.approx(100)


def test_what_no_longer_fits_of_a_start_is_left_out() -> None:
    """The start splits a family and names a rep who may no longer serve c: it is mended and used."""
    problem = book(
        {"a": worth(100), "b": worth(40, parent_id="a"), "c": worth(30, required_skills=["x"])},
        {"ana": {}, "bo": {}},
    )

    plan = _started(problem, {"kind": "family"}, {"a": "ana", "b": "bo", "c": "bo"})

    assert value(plan) == pytest.approx(140)


@examples(25)
@given(rich_problems(), rich_policies(), st.integers(1, 2))
def test_the_bound_of_a_truncated_search_covers_all_admissible_pairs(
    problem: Document, policy: Document, per_seat: int
) -> None:
    """The truncated plan is at most the optimum over all pairs, which is at most the bound."""
    truncated = {**policy, "candidates": {**policy["candidates"], "per_seat": per_seat}}
    options = Options(relative_gap=0.0, method="exact")
    try:
        whole, part = (solve(*documents(problem, rules), options) for rules in (policy, truncated))
    except PayloadError:
        return
    _check(problem, truncated, part)
    if whole.objective is None:
        assert part.objective is None
        return
    assert part.certificate is not None
    tolerance = 1e-6 + 1e-9 * abs(whole.objective.value)
    assert part.certificate.bound >= whole.objective.value - tolerance
    assert part.dual_bound is not None
    assert part.dual_bound >= whole.objective.value - tolerance
    assert part.solution_status != "infeasible"
    if part.objective is not None:
        assert part.objective.value <= whole.objective.value + tolerance


def test_infeasible_is_an_answer_with_the_nearest_miss() -> None:
    """Ana has 5 hours for 4 + 3; both must be covered: 2 hours too many is the least."""
    problem = book({"a": worth(100, hours=4), "b": worth(40, hours=3)}, {"ana": {"capacity_hours": 5}})

    plan = solved(problem, {"kind": "capacity"}, {"kind": "must_cover"})

    assert (plan.solution_status, plan.objective, plan.gap, plan.assignments) == ("infeasible", None, None, [])
    assert plan.least_violating is not None
    missed = {(row.id, row.violation) for row in plan.least_violating.constraints if row.violation}
    assert plan.least_violating.solution_status == "infeasible"
    assert missed in ({("capacity", 2.0)}, {("must_cover", 1.0)})


def test_progress_only_improves() -> None:
    """The objective rises, the bound falls, time runs, and the plan says what was last heard."""
    problem = generate(accounts=50, reps=5, pairs=3, seed=2)
    heard: list[Progress] = []

    plan = solve(*documents(problem, TIGHT), Options(relative_gap=1e-3), listen=heard.append)

    objectives = [step.objective_value for step in heard if step.objective_value is not None]
    limits = [step.dual_bound for step in heard if step.dual_bound is not None]
    assert all(late >= early for early, late in pairwise(objectives))
    assert all(late <= early for early, late in pairwise(limits))
    assert all(late.t >= early.t for early, late in pairwise(heard))
    assert objectives[-1] == value(plan)
    assert limits[-1] == plan.dual_bound
    assert heard[0].phase == "build"
    kept = iter(heard)
    assert all(step in kept for step in plan.metrics.progress)


@examples(25)
@given(rich_problems(), rich_policies())
def test_a_solved_plan_evaluates_to_itself(problem: Document, policy: Document) -> None:
    """Given back as assignments, it has the same objective and is feasible."""

    try:
        plan = solve(*documents(problem, policy), Options(relative_gap=0.0))
    except PayloadError:
        return
    if plan.objective is None:
        return
    given = [AssignmentIn(account_id=one.account_id, role=one.role, rep_id=one.rep_id) for one in plan.assignments]
    again = evaluate(*documents(problem, policy), given)

    assert again.solution_status == "feasible"
    assert value(again) == pytest.approx(plan.objective.value, rel=1e-12, abs=1e-6)
