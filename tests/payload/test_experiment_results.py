"""What an experiment sums up, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coverplan.payload.experiments.answer import results_of, rows_of
from coverplan.payload.experiments.cells import CellOutcome
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.plans import seats_of
from coverplan.payload.experiments.results import ExperimentResults, PolicyResult
from coverplan.payload.experiments.wanted import wanted
from coverplan.studies.metrics import METRICS
from support.domain import book_of
from support.experiments import request_of, run_experiment, solved

Document = dict[str, Any]


def customer(name: str, revenue: float, rep: str | None, **fields: Any) -> Document:
    current = [] if rep is None else [{"rep_id": rep}]
    return {"id": name, "expected_revenue": revenue, "current": current, **fields}


ACCOUNTS = [customer("a", 100.0, "ana"), customer("b", 60.0, "ana"), customer("c", 40.0, "bo")]
PROBLEM: Document = {"accounts": ACCOUNTS, "reps": [{"id": "ana"}, {"id": "bo"}]}
KEEP: Document = {"id": "keep", "policy": {"constraints": []}}
"""Nothing moves: 200."""
EVEN: Document = {"id": "even", "policy": {"constraints": [{"kind": "balance", "tolerance": 0.0}]}}
"""100 each: b goes to Bo for a loss of 15 % of 60."""
NEVER: Document = {
    "id": "never",
    "policy": {"constraints": [{"kind": "account_count", "max": 1}, {"kind": "must_cover"}]},
}
"""Three accounts, two reps, one each."""
TWO_ROLES: Document = {
    "segments": [
        {"id": "s", "roles": [{"role": "account_executive", "hours": 3}, {"role": "sales_engineer", "hours": 1}]}
    ],
    "accounts": [
        customer("a", 100.0, "ana", segment="s"),
        customer("b", 60.0, None, segment="s", current=[{"role": "sales_engineer", "rep_id": "eva"}]),
    ],
    "reps": [
        {"id": "ana", "capacity_hours": 4},
        {"id": "bo"},
        {"id": "eva", "role": "sales_engineer"},
        {"id": "fay", "role": "sales_engineer"},
    ],
}


def experiment(*policies: Document, problem: Document = PROBLEM, **fields: Any) -> ExperimentResults:
    exact = {"relative_gap": 0.0, "time_limit_s": 20.0}
    return run_experiment({"problems": [{"problem": problem}], "policies": policies, "options": exact, **fields})


def by_policy(results: ExperimentResults) -> dict[str, PolicyResult]:
    return {one.policy_id: one for one in results.policies}


def test_rows_policies_and_today() -> None:
    found = experiment(KEEP, EVEN)

    keep, even = found.rows
    assert found.status == "complete"
    assert found.baseline == "keep"
    assert (keep.metrics["net_revenue"], keep.metrics["moved"], keep.metrics["revenue_max_min"]) == (200, 0, 4)
    assert even.metrics["net_revenue"] == pytest.approx(191)
    assert (even.metrics["moved"], even.metrics["moved_revenue_share"]) == (1, 0.3)
    assert even.metrics["revenue_cv"] == pytest.approx(0)
    assert list(keep.metrics) == [metric.name for metric in METRICS]
    (today,) = found.today
    assert (today.reference_objective, today.metrics["net_revenue"], today.metrics["moved"]) == (200, 200, 0)
    assert today.metrics["gap"] is None
    against = by_policy(found)["even"].against_baseline
    assert against["net_revenue"].difference == pytest.approx(-9)
    assert (against["net_revenue"].low, against["net_revenue"].pairs) == (None, 1)
    assert by_policy(found)["even"].against_today["relationship_loss"].difference == pytest.approx(9)
    assert "revenue_max_min" in against
    assert "gap" not in by_policy(found)["even"].against_today


def test_today_is_compared_by_revenue_and_by_penalties() -> None:
    """Soft at 0.5, today's 160 and 40 cost 60 for 60 too many and too few; b moves for 9 and nothing is missed."""
    soft = {"id": "soft", "policy": {"constraints": [{"kind": "balance", "tolerance": 0.0, "penalty": 0.5}]}}

    (found,) = (results := experiment(soft, accept=["penalty <= today - 60", "penalty <= today - 61"])).policies

    assert found.against_today["net_revenue"].difference == pytest.approx(-9)
    assert found.against_today["penalty"].difference == pytest.approx(-60)
    assert [rule.passed for rule in found.accepted] == [True, False]
    assert results.today[0].metrics["penalty"] is None  # it depends on the policy


def test_metrics_agree_with_the_plan_document() -> None:
    """Two roles, capacity and a soft rule: what is computed from the seats is what the plan says of itself."""
    rules = [{"kind": "capacity"}, {"kind": "balance", "tolerance": 0.0, "penalty": 0.01}]
    request = request_of(
        {"problems": [{"problem": TWO_ROLES}], "policies": [{"policy": {"constraints": rules}}], "today": False}
    )
    policies, book = check_experiment(request), book_of(TWO_ROLES)
    cells = wanted(request, policies, {})
    outcomes = [solved(cell, book) for cell in cells]

    (row,) = results_of(request, policies, [book], outcomes).rows

    plan = next(outcome.plan for cell, outcome in zip(cells, outcomes, strict=True) if "policy" in cell.kinds)
    assert plan is not None
    assert plan.objective is not None
    assert plan.summary is not None
    terms = {term.term: term.value for term in plan.objective.terms}
    assert row.metrics["expected_revenue"] == pytest.approx(terms["expected_revenue"])
    assert row.metrics["relationship_loss"] == pytest.approx(-terms["relationship_loss"])
    assert row.metrics["penalty"] == pytest.approx(-terms["penalty"])
    assert row.metrics["violations"] == sum(one.violation > 1e-6 for one in plan.constraints)
    for name in ("kept", "moved", "forced", "new", "uncovered"):
        assert row.metrics[name] == getattr(plan.summary, name)
    limited = [rep for rep in plan.reps if rep.capacity_hours is not None]
    assert row.metrics["hours_under"] == sum((rep.capacity_hours or 0) - rep.hours for rep in limited)
    assert row.metrics["seconds"] == pytest.approx(sum(plan.metrics.seconds.values()), abs=0.01)


def test_an_infeasible_policy_has_no_values_and_cannot_win() -> None:
    found = experiment(KEEP, NEVER)

    never = by_policy(found)["never"]
    assert (never.infeasible, never.plans, never.against_baseline) == (["problem-1"], 0, {})
    assert set(never.metrics.values()) == {None}
    assert found.rows[1].metrics == {}
    assert found.rows[1].reference.objective is None
    assert found.verdict.intervals[1].infeasible
    assert (found.verdict.outcome, found.verdict.winner) == ("decided", "keep")
    assert found.status == "complete"
    assert found.churn is not None
    assert found.churn.accounts == [[0, None], [None, None]]
    assert found.churn.pairs == []


def test_an_infeasible_baseline_leaves_nothing_to_compare_with() -> None:
    found = experiment(NEVER, KEEP, accept=["net_revenue >= baseline"])

    assert by_policy(found)["keep"].against_baseline == {}
    assert found.accepted == []
    assert by_policy(found)["keep"].accepted[0].why == ("problem-1, seed 0: net_revenue is 200 (baseline not defined).")
    assert by_policy(found)["never"].accepted[0].why == "problem-1, seed 0: there is no plan."


def test_policies_of_equal_content_are_solved_once_and_both_shown() -> None:
    found = experiment(EVEN, {**KEEP, "id": "one"}, {**KEEP, "id": "other"})

    assert len(found.cells) == 2
    assert by_policy(found)["other"].same_as == "one"
    assert found.rows[1].run_id == found.rows[2].run_id
    assert [pair.outcome for pair in found.verdict.by_pair] == ["b", "b", "same"]
    assert found.verdict.winner == "one"


def test_one_policy_has_nothing_to_win_against() -> None:
    found = experiment(KEEP)

    assert (found.verdict.outcome, found.verdict.winner) == ("inconclusive", None)
    assert found.churn is None


def test_a_soft_rule_of_the_reference_is_paid_for_by_every_plan() -> None:
    """Keep leaves the books at 160 and 40: 60 beyond each fair share of 100, at 0.1: 200 - 12 = 188 < 191."""
    reference = {"constraints": [{"kind": "balance", "tolerance": 0.0, "penalty": 0.1}]}
    found = experiment(KEEP, EVEN, reference=reference)

    assert found.rows[0].reference.objective == pytest.approx(188)
    assert found.rows[1].reference.objective == pytest.approx(191)
    assert found.today[0].reference_objective == pytest.approx(188)
    assert found.rows[0].reference.bound == pytest.approx(191)  # its hard rules admit the even plan too
    alone = experiment(KEEP, EVEN, reference=reference, second_solve=False)
    assert alone.verdict.outcome == "inconclusive"
    assert "The hard rules of keep may admit plans that are worth as much as those of even." in alone.verdict.why
    assert "Set second_solve to true" in alone.verdict.why
    assert (found.verdict.winner, found.verdict.by_pair[0].by) == ("even", "own_objective")
    keep, even = found.verdict.intervals
    assert keep.own_least is None  # its own objective does not look at the balance
    assert keep.own_most == pytest.approx(188, abs=0.01)
    assert (even.own_least, even.own_most) == pytest.approx((191, 191), abs=0.01)


def test_acceptance_rules_must_hold_on_every_problem_and_seed() -> None:
    other = {"accounts": [customer("a", 100.0, "ana"), customer("b", 20.0, "ana")], "reps": PROBLEM["reps"]}
    problems = [{"id": "first", "problem": PROBLEM}, {"id": "second", "problem": other}]
    even = {"id": "even", "policy": {"constraints": [{"kind": "balance", "tolerance": 0.7}]}}

    found = experiment(KEEP, even, problems=problems, seeds=[0, 1], accept=["moved_share <= 0.4", "moved <= baseline"])

    assert found.accepted == ["keep"]
    assert [rule.passed for rule in by_policy(found)["keep"].accepted] == [True, True]
    assert by_policy(found)["keep"].accepted[0].why == "It holds on all 4 problems and seeds."
    assert by_policy(found)["even"].accepted[0].why == "second, seed 0: moved_share is 0.5."
    assert by_policy(found)["even"].accepted[1].why == "second, seed 0: moved is 1 (baseline 0)."


def test_several_problems_add_up_and_chance_decides_nothing() -> None:
    """Even costs 9, 9 and 9, then nothing on three of four problems: proven in sum, but perhaps by chance."""
    balanced = {**PROBLEM, "accounts": [customer("a", 100.0, "ana"), customer("b", 100.0, "bo")]}

    always = experiment(KEEP, EVEN, problems=[{"problem": PROBLEM}] * 3)
    once = experiment(KEEP, EVEN, problems=[{"problem": PROBLEM}, *[{"problem": balanced}] * 3])

    assert always.verdict.winner == "keep"
    pair = always.verdict.by_pair[0]
    assert (pair.low, pair.high) == pytest.approx((27, 27), abs=1e-3)
    assert pair.difference is not None
    assert (pair.difference.low, pair.difference.pairs) == pytest.approx((9, 3))
    assert by_policy(always)["even"].against_baseline["net_revenue"].high == pytest.approx(-9)
    assert (once.verdict.outcome, once.verdict.winner) == ("inconclusive", None)
    assert once.verdict.by_pair[0].low == pytest.approx(9, abs=1e-3)
    assert once.verdict.why == "keep is ahead in sum, but not beyond chance over the problems."


def test_churn_between_two_policies() -> None:
    found = experiment(KEEP, EVEN, problems=[{"id": "x", "problem": PROBLEM}, {"id": "y", "problem": PROBLEM}]).churn

    assert found is not None
    assert (found.accounts, found.revenue) == ([[0, 2], [2, 0]], [[0, 120], [120, 0]])
    (pair,) = found.pairs
    assert (pair.accounts, pair.revenue, pair.more_changes) == (2, 120, 0)
    assert [(one.problem_id, one.account_id, one.a, one.b) for one in pair.changes] == [
        ("x", "b", "ana", "bo"),
        ("y", "b", "ana", "bo"),
    ]
    assert {(one.rep_id, one.gained, one.lost, one.lost_revenue) for one in pair.by_rep} == {
        ("ana", 0, 1, 60),
        ("bo", 1, 0, 0),
    }


def test_problems_without_an_assignment_today_are_left_out_of_that_comparison() -> None:
    fresh = {"accounts": [customer("a", 100.0, None)], "reps": [{"id": "ana"}]}
    found = experiment(KEEP, problems=[{"id": "old", "problem": PROBLEM}, {"id": "new", "problem": fresh}])

    assert [one.problem_id for one in found.today] == ["old"]
    assert found.policies[0].against_today["net_revenue"].pairs == 1
    assert found.notes == ["Problems without an assignment today are left out of the comparison with it."]
    assert experiment(KEEP, today=False).today == []


def test_a_reference_that_depends_on_the_candidates_is_noted() -> None:
    """A balance counts accounts that some rep may serve: which ones, the policy's candidates say."""
    reference = {"constraints": [{"kind": "balance", "penalty": 0.1}]}
    near = {"id": "near", "policy": {"constraints": [], "candidates": {"max_distance_km": 5}}}

    assert experiment(KEEP, EVEN, reference=reference).notes == []
    assert "candidates" in experiment(KEEP, near, reference=reference).notes[0]
    assert experiment(KEEP, near).notes == []


def test_an_objective_of_zero_has_a_gap() -> None:
    found = experiment(KEEP, problem={"accounts": [{"id": "a"}], "reps": [{"id": "ana"}]})

    assert found.rows[0].metrics["gap"] == 0
    assert found.rows[0].metrics["revenue_cv"] is None


def test_rules_have_prices() -> None:
    """Evenness costs 9; the soft one is paid for with 12 by keeping all: dropping it brings these back."""
    soft = {"kind": "balance", "id": "soft", "tolerance": 0.0, "penalty": 0.05}
    policies = {"id": "both", "policy": {"constraints": [soft, {"kind": "account_count", "max": 3}]}}

    hard, paid, idle = [
        *experiment(EVEN, rule_prices={}).rule_prices,
        *experiment(policies, rule_prices={}).rule_prices,
    ]

    assert (hard.price_low, hard.price_high) == pytest.approx((9, 9), abs=1e-4)
    assert (paid.dropped, idle.dropped) == (["soft"], ["account_count"])
    assert (paid.price_low, paid.penalty, idle.price_high) == pytest.approx((6, 6, 0), abs=1e-4)


def test_a_rule_that_forbids_every_plan_unlocks() -> None:
    prices = {tuple(one.dropped): one for one in experiment(NEVER, rule_prices={}).rule_prices}

    assert all(one.unlocks and one.price_low is None for one in prices.values())
    assert prices["must_cover",].objective == pytest.approx(151)  # Ana keeps a, Bo gets b for a loss of 9
    assert prices["account_count",].objective == pytest.approx(200)


def test_plans_are_measured_on_perturbed_problems_without_solving() -> None:
    """No spread: the plan keeps its value and breaks nothing. Spread: an exact balance breaks."""
    calm = {"revenue": 0.0, "potential": 0.0, "hours": 0.0, "samples": 3, "mode": "evaluate", "policies": ["even"]}
    (still,) = experiment(KEEP, EVEN, stability=calm).stability
    (shaken,) = experiment(KEEP, EVEN, stability={**calm, "revenue": 0.2}).stability

    assert still.objective is not None
    assert (still.objective.mean, still.objective.p10, still.feasible_share) == pytest.approx((191, 191, 1))
    assert (still.regret, still.persistence) == (None, None)
    assert shaken.broken is not None
    assert (shaken.broken.mean, shaken.feasible_share) == (2, 0)  # both reps


def test_solving_perturbed_problems_again_tells_what_persists() -> None:
    """Without rules every account stays where it is, whatever it is worth: nothing is regretted."""
    (found,) = experiment(KEEP, stability={"samples": 4, "revenue": 0.3}).stability

    assert found.persistence is not None
    assert (found.persistence.mean, found.persistence.samples, found.persistence.seats) == (1, 4, [])
    assert found.regret is not None
    assert (found.regret.p10, found.regret.p90) == pytest.approx((0, 0), abs=1e-6)
    assert found.feasible_share == 1


def test_the_regret_is_what_solving_again_brings() -> None:
    """Soft evenness at 1: the new plan of each sample is at least as good, and some accounts change hands."""
    soft = {"policy": {"constraints": [{"kind": "balance", "tolerance": 0.0, "penalty": 1.0}]}}
    accounts = [customer(f"a{place}", 100.0 + place, "ana" if place % 2 else "bo") for place in range(6)]
    problem = {"accounts": accounts, "reps": PROBLEM["reps"]}

    (found,) = experiment(soft, problem=problem, stability={"samples": 6, "revenue": 0.5}).stability

    assert found.regret is not None
    assert found.persistence is not None
    assert found.regret.p10 >= -1e-6
    assert found.regret.mean > 0
    assert 0 < found.persistence.mean < 1
    shares = [seat.share for seat in found.persistence.seats]
    assert shares == sorted(shares)


def test_policies_without_a_plan_have_no_stability() -> None:
    (found,) = experiment(NEVER, stability={"samples": 2}).stability

    assert (found.objective, found.feasible_share, found.persistence) == (None, None, None)


def test_what_has_not_ended_or_failed_is_partial() -> None:
    request = request_of(
        {"problems": [{"problem": PROBLEM}], "policies": [KEEP, EVEN], "rule_prices": {}, "stability": {"samples": 2}}
    )
    policies, book = check_experiment(request), book_of(PROBLEM)
    cells = wanted(request, policies, {})
    first = solved(cells[0], book)

    nothing = results_of(request, policies, [book], [])
    some = results_of(request, policies, [book], [first, CellOutcome(cells[1].key, "run-x", None)], "exp-1")

    assert (nothing.status, some.status, some.experiment_id) == ("partial", "partial", "exp-1")
    assert {cell.job_status for cell in nothing.cells} == {"queued"}
    assert [row.solution_status for row in some.rows] == ["optimal", None]
    assert [cell.job_status for cell in some.cells][:2] == ["completed", "failed"]
    assert some.rows[1].metrics == {}
    assert (some.verdict.intervals[0].low, some.verdict.intervals[1].high) == (200, None)
    assert some.accepted == ["keep"]


def test_seats_may_come_apart_from_the_plan() -> None:
    """As from a table: the document lists no assignments."""
    request = request_of({"problems": [{"problem": PROBLEM}], "policies": [EVEN]})
    policies, book = check_experiment(request), book_of(PROBLEM)
    outcomes = [solved(cell, book) for cell in wanted(request, policies, {})]
    assert all(outcome.plan is not None for outcome in outcomes)
    bare = [
        replace(one, seats=seats_of(book, one.plan), plan=one.plan.model_copy(update={"assignments": []}))
        for one in outcomes
        if one.plan is not None
    ]

    assert results_of(request, policies, [book], bare) == results_of(request, policies, [book], outcomes)
    np.testing.assert_array_equal(bare[0].seats, [0, 1, 1])


def test_results_are_a_document_and_a_flat_table() -> None:
    found = experiment(
        KEEP,
        NEVER,
        seeds=[0, 1],
        frontier={"bounds": [{"metric": "balance", "from": 0.0, "to": 1.0}], "points": 3},
        accept=["moved < 3"],
    )
    text = found.model_dump_json(by_alias=True)
    rows = rows_of(found)

    assert ExperimentResults.model_validate_json(text) == found
    assert "NaN" not in text
    assert [(row["policy_id"], row["seed"]) for row in rows] == [("keep", 0), ("keep", 1), ("never", 0), ("never", 1)]
    assert len({tuple(row) for row in rows}) == 1
    assert rows[0]["net_revenue"] == 200
    assert rows[2]["net_revenue"] is None
    assert json.dumps(rows, allow_nan=False)


def test_the_frontier_comes_with_the_tightest_point_first() -> None:
    """Evenness to within nothing costs 9; to within 60 % of 100 nothing does."""
    found = experiment(KEEP, frontier={"bounds": [{"metric": "balance", "from": 1.0, "to": 0.0}], "points": 6})

    (line,) = found.frontiers
    assert [point.bounds for point in line.points] == sorted(point.bounds for point in line.points)
    ends = line.points[0], line.points[-1]
    assert [point.objective for point in ends] == pytest.approx([191, 200])
    assert [point.status for point in ends] == ["efficient", "dominated"]
    assert ends[0].metrics["moved"] == 1
    first = next(point for point in line.points if (point.objective or 0) > 199)
    assert 0.6 <= first.bounds[0] <= 0.75
    assert first.status == "efficient"


def test_the_example_comes_to_an_end() -> None:
    """Six policies, of which the first is also stripped of its balance, a frontier and five perturbed problems."""
    example = Path(__file__).parents[2] / "openapi" / "examples" / "experiment.json"

    found = run_experiment(json.loads(example.read_text(encoding="utf-8")))

    assert found.status == "complete"
    assert len(found.policies) == 6
    assert found.frontiers[0].points
    assert found.rule_prices
    assert found.stability


def test_rounding_is_no_violation_whatever_the_size_of_the_bound() -> None:
    """Of 1e9 a row may be missed by 1e-6 + 1; of 0.3 hours by hardly more than 1e-6."""
    rules = [{"kind": "revenue_band", "min": 1e9, "penalty": 0.0}]
    for revenue, missed in ((1e9 - 0.5, 0), (1e9 - 2.0, 1)):
        problem = {"accounts": [customer("a", revenue, "ana")], "reps": [{"id": "ana"}]}
        found = experiment({"policy": {"constraints": rules}}, problem=problem, accept=["violations == 0"])

        assert found.rows[0].metrics["violations"] == missed
        assert found.policies[0].accepted[0].passed is (missed == 0)


def test_a_rule_has_its_price_whatever_the_policy_that_was_solved_calls_it() -> None:
    """Of two policies that differ in ids alone the first is solved, and both are the same; the second is priced."""
    soft = {"kind": "balance", "tolerance": 0.0, "penalty": 0.01}
    rules = [soft, {"kind": "keep_current", "max_moved": 0, "penalty": 0.02}]
    own = [{**rules[1], "id": "balance"}, {**rules[0], "id": "evenly"}]  # its names point elsewhere
    policies = [{"id": "plain", "policy": {"constraints": rules}}, {"id": "named", "policy": {"constraints": own}}]

    plain, named = (experiment(*policies, rule_prices={"policy": one}) for one in ("plain", "named"))

    assert by_policy(named)["named"].same_as == "plain"
    assert named.rows[0].run_id == named.rows[1].run_id
    assert [pair.outcome for pair in named.verdict.by_pair] == ["same"]
    prices = {one.dropped[0]: one for one in named.rule_prices}
    for one in plain.rule_prices:
        other = prices[{"balance": "evenly", "keep_current": "balance"}[one.dropped[0]]]
        assert (other.penalty, other.price_low, other.price_high) == (one.penalty, one.price_low, one.price_high)
    assert {one.penalty for one in plain.rule_prices} == {0.0, 1.2}  # books of 160 and 40 are 60 + 60 off 100 each
