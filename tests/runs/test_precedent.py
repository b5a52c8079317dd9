"""What other runs of a book found helps, and never does harm: not to the plan, and not to the bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.domain.book import Book
from coverplan.payload.answer import solve
from coverplan.payload.columns import to_instance
from coverplan.payload.options import Options
from coverplan.payload.outcome import solve_book
from coverplan.runs.precedent import Precedent
from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.brute import documents
from support.by_hand import book, evaluated, value, worth
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]


@examples(30)
@given(rich_problems(), rich_policies(), rich_policies(), st.sampled_from(["exact", "priced"]))
def test_the_optimum_is_the_same_whatever_was_found_under_another_policy(
    problem: Document, before: Document, policy: Document, method: Literal["exact", "priced"]
) -> None:
    """Each solve proves its plan to rounding, so the two agree, or both find that there is none."""
    if method == "priced":  # which `spread` is not for
        policy = {**policy, "constraints": [rule for rule in policy["constraints"] if rule["kind"] != "spread"]}
    other = solve(*documents(problem, before), Options(relative_gap=0.0))

    alone = solve(*documents(problem, policy), Options(relative_gap=0.0))
    helped = solve(*documents(problem, policy), Options(relative_gap=0.0, method=method), other_plans=[other])

    assert (helped.objective is None) == (alone.objective is None)
    if helped.objective is not None:
        assert value(helped) == pytest.approx(value(alone), rel=1e-6, abs=1e-6)
        found = verify(problem, policy, helped.model_dump(mode="json"))
        assert found.ok, found.failures


@pytest.mark.parametrize("method", ["exact", "priced"])
def test_a_plan_and_prices_that_are_good_enough_end_the_search_before_it_begins(
    method: Literal["exact", "priced"],
) -> None:
    """A little more room: the plan is still feasible, and the prices still prove 1 %."""
    problem = generate(accounts=80, reps=6, pairs=4, seed=5)
    tight, loose = ({"constraints": [{"kind": "capacity", "utilisation": share}]} for share in (0.8, 0.801))
    other = solve(*documents(problem, tight), Options(relative_gap=0.001))

    plan = solve(*documents(problem, loose), Options(relative_gap=0.01, method=method), other_plans=[other])

    assert (plan.stopped_by, plan.method.backend) == ("gap", None)
    assert value(plan) >= value(other) * (1 - 1e-9)  # chains that bring accounts home may gain a little
    assert plan.certificate is not None
    assert other.certificate is not None
    assert plan.certificate.prices == other.certificate.prices
    assert verify(problem, loose, plan.model_dump(mode="json")).ok


def test_of_several_plans_the_best_that_keeps_the_rules_counts() -> None:
    """One account each, of 100 and 40: the plan that gives Ana both breaks that, the one that leaves b out does not."""
    problem = book({"a": worth(100), "b": worth(40)}, {"ana": {}, "bo": {}})
    policy = {"constraints": [{"kind": "account_count", "max": 1}]}
    both, only, best = (
        evaluated(problem, {"kind": "goal", "measure": "accounts", "min": 0}, cover)
        for cover in ({"a": "ana", "b": "ana"}, {"a": "ana"}, {"a": "ana", "b": "bo"})
    )
    lines: list[float | None] = []

    plan = solve(
        *documents(problem, policy),
        Options(),
        other_plans=[both, only, best],
        listen=lambda step: lines.append(step.objective_value),
    )

    assert value(plan) == pytest.approx(140)  # 100 + 40
    assert lines[1:3] == pytest.approx([100, 140])


@pytest.mark.parametrize(("before", "after"), [(True, True), (False, False)])
def test_what_begins_with_a_plan_of_chance_is_not_reproducible(before: bool, after: bool) -> None:
    """In deterministic mode; a solve that the clock has ended is what it is by chance."""
    facts = Book.of(to_instance(documents(generate(accounts=20, reps=3, seed=1), {})[0]))
    limits = Options(deterministic=True)
    policy = documents({"accounts": [], "reps": []}, {"constraints": [{"kind": "capacity"}]})[1]
    nobody = np.full(len(facts.seats), -1, np.int32)

    found = solve_book(facts, policy, limits, {}, precedents=(Precedent(nobody, reproducible=before),))

    assert found.reproducible is after


def test_nor_is_what_goes_on_from_where_a_lost_solve_stopped(tmp_path: Path) -> None:
    problem, policy = documents(generate(accounts=20, reps=3, seed=1), {"constraints": [{"kind": "capacity"}]})
    options = Options(deterministic=True)

    alone = solve(problem, policy, options, checkpoint=tmp_path)
    resumed = solve(problem, policy, options, checkpoint=tmp_path)

    assert (alone.reproducible, resumed.reproducible) == (True, False)
