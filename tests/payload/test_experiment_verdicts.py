"""What a verdict says: currencies, problems without a plan, chance, and policies that share their hard rules."""

from __future__ import annotations

import math
from typing import Any

import pytest

from coverplan.payload.experiments.answer import results_of
from coverplan.payload.experiments.cells import CellFacts, CellOutcome
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.design import interval
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.wanted import wanted
from support.domain import book_of
from support.experiments import request_of, run_experiment, solved

Document = dict[str, Any]
EXACT: Document = {"relative_gap": 0.0, "time_limit_s": 20.0}


def two_accounts(first: float, second: float, **fields: Any) -> Document:
    """What `only a` and `only b` are worth."""
    accounts = [
        {"id": name, "expected_revenue": worth, "tags": [name]} for name, worth in (("a", first), ("b", second))
    ]
    return {"accounts": accounts, "reps": [{"id": "r"}], **fields}


def only(name: str) -> Document:
    """A policy that covers one of the two accounts."""
    other = {"a": "b", "b": "a"}[name]
    rule = {"kind": "account_count", "max": 0, "accounts": {"tags": [other]}}
    return {"id": f"only {name}", "policy": {"constraints": [rule]}}


def verdict_of(*problems: Document, **fields: Any) -> ExperimentResults:
    named = [{"id": f"p{place}", "problem": problem} for place, problem in enumerate(problems)]
    return run_experiment({"problems": named, "policies": [only("a"), only("b")], "options": EXACT, **fields})


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2], list(range(10))])
def test_more_seeds_decide_nothing(seeds: list[int]) -> None:
    """100 ahead on one problem, 20 and 20 behind on the others; then on one of two only. Plans of all seeds agree."""
    three = verdict_of(two_accounts(100, 0), two_accounts(0, 20), two_accounts(0, 20), seeds=seeds)
    two = verdict_of(two_accounts(100, 0), two_accounts(0, 20), seeds=seeds)

    for found, size in ((three, 3), (two, 2)):
        assert found.verdict.outcome == "inconclusive"
        assert "only a is ahead in sum, but not beyond chance over the problems" in found.verdict.why
        difference = found.verdict.by_pair[0].difference
        assert difference is not None
        assert difference.pairs == size
    against = three.policies[1].against_baseline["net_revenue"]
    assert (against.method, against.pairs) == ("t", 3)
    assert against.difference == pytest.approx(-20)  # (-100 + 20 + 20) / 3
    assert against.high == pytest.approx(-20 + 4.302653 * 69.2820323 / 3**0.5, rel=1e-6)  # t(0.975, 2) s / sqrt(3)
    assert "too few to say" in two.verdict.why


def test_a_policy_that_wins_on_each_problem_wins() -> None:
    found = verdict_of(two_accounts(100, 0), two_accounts(5, 1))

    assert found.verdict.winner == "only a"
    assert found.verdict.why.endswith("on each of the 2 problems.")


def test_dollars_and_yen_are_not_added() -> None:
    """USD 100,000 for a, JPY 2,000,000 for b: nobody wins. USD 1 and JPY 1 for a: it does."""
    yen: Document = {"currency": "JPY"}
    apart = verdict_of(two_accounts(100_000, 0), two_accounts(0, 2_000_000, **yen))
    agreed = verdict_of(two_accounts(3, 2), two_accounts(2_000_001, 2_000_000, **yen))

    assert (apart.verdict.outcome, apart.verdict.winner) == ("inconclusive", None)
    assert "only a in USD and only b in JPY lead." in apart.verdict.why
    (pair,) = apart.verdict.by_pair
    assert [(one.currency, one.outcome) for one in pair.by_currency] == [("USD", "a"), ("JPY", "b")]
    assert (pair.low, pair.high, pair.difference) == (None, None, None)
    assert [(one.low, one.high) for one in apart.verdict.intervals] == [(None, None)] * 2
    lows = [[part.low for part in one.by_currency] for one in apart.verdict.intervals]
    assert lows == [[100_000, 0], [0, 2_000_000]]
    assert apart.policies[0].metrics["net_revenue"] is None
    assert "net_revenue" not in apart.policies[1].against_baseline
    assert agreed.policies[0].metrics["uncovered"] == 1
    assert apart.currency is None
    assert agreed.verdict.winner == "only a"


def test_a_currency_that_is_not_decided_says_why() -> None:
    """a wins in USD; in JPY it is ahead in sum, by 100 and -20."""
    yen: Document = {"currency": "JPY"}

    found = verdict_of(two_accounts(9, 1), two_accounts(100, 0, **yen), two_accounts(0, 20, **yen)).verdict

    assert found.winner is None
    assert "In JPY: only a is ahead in sum, but not beyond chance" in found.why
    assert [one.outcome for one in found.by_pair[0].by_currency] == ["a", "inconclusive"]


STRICT: Document = {
    "id": "strict",
    "policy": {"constraints": [{"kind": "must_cover"}, {"kind": "account_count", "max": 1}]},
}
LOOSE: Document = {"id": "loose", "policy": {"constraints": []}}


def test_problems_without_a_plan_are_named() -> None:
    """One rep, two accounts, at most one each: no plan. The mean of the other problem is no mean of both."""
    large = {"accounts": [{"id": "a", "expected_revenue": 900}], "reps": [{"id": "r"}]}

    found = run_experiment(
        {
            "problems": [{"id": "large", "problem": large}, {"id": "small", "problem": two_accounts(10, 10)}],
            "policies": [LOOSE, STRICT],
            "options": EXACT,
        }
    )

    strict = found.policies[1]
    assert (strict.infeasible, strict.unsolved, strict.metrics["net_revenue"]) == (["small"], [], 900)
    assert strict.against_baseline["net_revenue"].pairs == 1
    assert found.verdict.winner == "loose"
    assert found.verdict.why == (
        "loose is the only policy that has a plan on every problem. "
        "strict is infeasible on small: proven, no plan keeps its hard rules."
    )
    assert (
        "Means of strict are over 1 of 2 problems, without small: they do not compare with those of other policies."
        in found.notes
    )


SOFT: Document = {"kind": "balance", "id": "balance", "tolerance": 0.0, "penalty": 1.0}


def soft_grid(**fields: Any) -> ExperimentResults:
    """Ana holds 60 and 40, of a fair share of 50: evenness moves 40 for a loss of 6, and gains 40 of deviations twice.

    At a penalty of 0.05 it gains 40 x 2 x 0.05 = 4 < 6: 100 stays; at 1 it is worth the 6: 94 by the reference.
    """
    current = {"current": [{"rep_id": "ana"}]}
    accounts = [{"id": name, "expected_revenue": worth, **current} for name, worth in (("a", 60.0), ("b", 40.0))]
    problem = {"accounts": accounts, "reps": [{"id": "ana"}, {"id": "bo"}]}
    axis = {"path": "/constraints/[id=balance]/penalty", "values": [0.05, 1.0]}
    document: Document = {
        "problems": [{"problem": problem}],
        "grid": {"policy": {"constraints": [SOFT]}, "axes": [axis]},
        "options": EXACT,
    }
    return run_experiment(document | fields)


def test_a_grid_of_penalties_is_decided_by_what_each_policy_takes() -> None:
    found = soft_grid()

    low, high = (one.policy_id for one in found.policies)
    assert found.verdict.winner == low
    assert found.verdict.by_pair[0].by == "own_objective"
    assert (found.verdict.by_pair[0].own_low, found.verdict.by_pair[0].own_high) == pytest.approx((6, 6), abs=1e-2)
    assert found.verdict.by_pair[0].low == pytest.approx(0, abs=1e-6)  # by hard rules both admit 100
    assert found.verdict.why.startswith(f"{low} is better than {high} whichever plans their own objectives take")
    assert sum("reference" in cell.kinds for cell in found.cells) == 5  # the bound by hard rules, and two for each


def test_without_second_solves_the_verdict_says_why_it_is_open() -> None:
    found = soft_grid(second_solve=False)

    assert found.verdict.outcome == "inconclusive"
    assert "have the same hard rules, so these admit the same plans and can never decide." in found.verdict.why
    assert "Set second_solve to true" in found.verdict.why
    assert sum("reference" in cell.kinds for cell in found.cells) == 1


def test_a_policy_that_is_indifferent_can_never_be_told_apart() -> None:
    """`blind` looks at losses alone: to cover nobody is as good by it as the best plan there is."""
    blind: Document = {"id": "blind", "policy": {"objective": {"expected_revenue": 0}, "constraints": []}}
    problem = {"accounts": [{"id": "a", "expected_revenue": 70.0}], "reps": [{"id": "r"}]}

    found = run_experiment({"problems": [{"problem": problem}], "policies": [LOOSE, blind], "options": EXACT}).verdict

    assert found.winner is None
    assert "loose is not worse, but" in found.why
    assert "no time limit" in found.why
    assert found.intervals[1].own_most == pytest.approx(70, abs=1e-3)


def test_a_policy_whose_solve_failed_keeps_the_verdict_open() -> None:
    """The bound by hard rules is there, a plan of `soft` is not."""
    document: Document = {
        "problems": [{"problem": two_accounts(70, 30)}],
        "policies": [LOOSE, {"id": "soft", "policy": {"constraints": [SOFT]}}],
        "options": EXACT,
    }
    request = request_of(document)
    policies, book = check_experiment(request), book_of(two_accounts(70, 30))
    cells = wanted(request, policies, {})
    outcomes = [CellOutcome(cell.key, None, None) if cell.labels == ("soft",) else solved(cell, book) for cell in cells]

    found = results_of(request, policies, [book], outcomes)

    assert found.verdict.winner is None
    assert "soft has no plan on every problem, but one that is worth as much is not ruled out." in found.verdict.why
    assert "soft has no plan on problem-1: none was found." in found.verdict.why
    assert (found.policies[1].infeasible, found.policies[1].unsolved) == ([], ["problem-1"])


@pytest.mark.parametrize(
    ("bound", "high"),
    [(12.0, 12.0), (10.0, 10.0), (10.0 - 1e-9, 10.0), (9.9, math.inf), (None, math.inf)],  # 9.9: refuted by the plan
)
def test_a_bound_that_its_own_plan_refutes_is_none(bound: float | None, high: float) -> None:
    assert interval(CellFacts("completed", "feasible", 10.0, bound)) == (10.0, high)
