"""What a bound holds for: cut programs, listed pairs, and what an earlier solve left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload.answer import finish, solve
from coverplan.payload.checkpoint import Checkpoint, keeper
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.pricing.scope import Cut
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents
from support.by_hand import book, value, worth
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]
CAPACITY = {"constraints": [{"kind": "capacity"}]}
AMOUNTS, HOURS = st.integers(10, 99), st.integers(2, 8)


@pytest.mark.parametrize(
    ("bound", "objective", "threshold", "inside", "of_all"),
    [
        (100.0, 90.0, 10.0, 95.0, 95.0),  # 100 - 90 = 10: a column that loses 11 is in no plan of more than 89
        (100.0, 90.0, 10.0, 80.0, 90.0),  # what was left out may be worth 90
        (100.0, 0.0, 100.0, -5.0, 0.0),  # a plan worth nothing is a plan
        (100.0, None, np.inf, 80.0, 80.0),  # nothing at hand: nothing is left out
    ],
)
def test_what_a_cut_leaves_out(
    bound: float, objective: float | None, threshold: float, inside: float, of_all: float
) -> None:
    """A bound on what is kept is one on everything only beside the worth that it was cut at."""
    cut = Cut.against(bound, objective)

    assert cut.threshold == threshold
    assert cut.of_all(inside) == of_all


@st.composite
def knapsacks(draw: st.DrawFn) -> Document:
    """Seven accounts with a value for each of two or three reps, who cannot hold them all."""
    reps = draw(st.integers(2, 3))
    accounts = {f"a{place}": {"hours": draw(HOURS)} for place in range(7)}
    room = draw(st.integers(8, 14))
    pairs = [
        {"account_id": account, "rep_id": f"r{rep}", "value": draw(AMOUNTS)}
        for account in accounts
        for rep in range(reps)
    ]
    return book(accounts, {f"r{rep}": {"capacity_hours": room} for rep in range(reps)}, pairs=pairs)


@examples(25)
@given(knapsacks(), st.lists(st.integers(-1, 1), min_size=7, max_size=7))
def test_a_solve_that_goes_on_from_a_worse_plan_and_a_true_bound(
    tmp_path_factory: pytest.TempPathFactory, problem: Document, reps: list[int]
) -> None:
    """Whatever was proven before, by whatever means, no column of a better plan is left out."""
    best = best_objective(Judge(problem, CAPACITY))
    assert best is not None
    folder, options = tmp_path_factory.mktemp("resumed"), Options(method="priced", relative_gap=0.0)
    solve(*documents(problem, CAPACITY), options, checkpoint=folder)
    first = Checkpoint.read(folder)
    keeper(folder)(np.array(reps), best, first.certificate, first.trace, False)

    plan = solve(*documents(problem, CAPACITY), options, checkpoint=folder)

    assert plan.solution_status == "optimal"
    assert value(plan) == pytest.approx(best, rel=1e-9)
    assert plan.dual_bound == pytest.approx(best, rel=1e-9)


LISTED = book(
    {name: worth(0.0, "ana", hours=1) for name in "abcdef"},
    {"ana": {"capacity_hours": 10}, "bo": {"capacity_hours": 2}, "cy": {"capacity_hours": 10}},
    pairs=[
        {"account_id": name, "rep_id": rep, "value": amount}
        for name in "abcdef"
        for rep, amount in (("ana", 10.0), ("bo", 30.0), ("cy", 29.0))
    ],
)
"""Each account lists its rep of today alone: 6 x 10 = 60, where 2 x 30 + 4 x 29 = 176 is possible."""
ONE_LISTED = {"constraints": [{"kind": "capacity"}], "candidates": {"per_seat": 1}}


def _listed(monkeypatch: pytest.MonkeyPatch, method: str, gap: float, folder: Path | None = None) -> Plan:
    """The plan where the other pairs are not looked at."""
    monkeypatch.setattr("coverplan.runs.run.MOST_PAIRS", 0)
    options = Options(method=method, relative_gap=gap, time_limit_s=3)  # type: ignore[arg-type]
    return solve(*documents(LISTED, ONE_LISTED), options, checkpoint=folder)


@pytest.mark.parametrize("method", ["exact", "priced"])
@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_a_bound_over_listed_pairs_proves_nothing_of_all(
    monkeypatch: pytest.MonkeyPatch, method: str, gap: float
) -> None:
    """The plan is the best of the listed pairs, and the answer claims no more than that."""
    plan = _listed(monkeypatch, method, gap)

    assert value(plan) == 60.0
    assert plan.solution_status == "feasible"
    assert (plan.dual_bound, plan.dual_bound_source, plan.gap, plan.absolute_gap) == (None, None, None, None)
    assert plan.stopped_by == "listed_pairs"
    assert plan.certificate is not None
    assert plan.certificate.scope == "listed"
    assert any("listed pairs only" in note for note in plan.notes)
    found = verify(LISTED, ONE_LISTED, json.loads(plan.model_dump_json()))
    assert found.ok, found.failures
    assert found.bound is not None
    assert found.bound >= 176.0


@pytest.mark.parametrize("method", ["exact", "priced"])
def test_nor_after_the_solve_was_lost_or_went_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str) -> None:
    """What a checkpoint holds of listed pairs stays a bound over listed pairs."""
    _listed(monkeypatch, method, 0.0, tmp_path)

    lost = finish(*documents(LISTED, ONE_LISTED), Options(), tmp_path, "solver_lost")
    resumed = _listed(monkeypatch, method, 0.0, tmp_path)

    for plan in (lost, resumed):
        assert (plan.solution_status, plan.dual_bound, plan.gap) == ("feasible", None, None)
        assert value(plan) == 60.0


def test_the_pairs_left_out_are_looked_at_where_they_are_few() -> None:
    """The same without the limit: the bound holds for all pairs, those that improve the plan come in."""
    options = Options(method="priced", relative_gap=0.0, time_limit_s=5)
    plan = solve(*documents(LISTED, ONE_LISTED), options)

    assert value(plan) == 176.0
    assert plan.solution_status == "optimal"


@pytest.mark.parametrize("method", ["exact", "priced"])
def test_short_lists_are_judged_by_all_assignments(method: str) -> None:
    """Explicit pairs, skills, distances, families: what one listed pair per seat proves holds for all of them."""

    @examples(40)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        policy = {**policy, "candidates": {**policy["candidates"], "per_seat": 1}}
        best = best_objective(Judge(problem, policy))
        options = Options(method=method, relative_gap=0.0, time_limit_s=1)  # type: ignore[arg-type]
        try:
            plan = solve(*documents(problem, policy), options)
        except PayloadError:
            return
        if plan.dual_bound is not None and best is not None:
            assert plan.dual_bound >= best - 1e-6 - 1e-9 * abs(best)
        if plan.solution_status == "optimal":
            assert value(plan) == pytest.approx(best, rel=1e-9, abs=1e-6)
        assert plan.solution_status != "infeasible" or best is None
        assert verify(problem, policy, json.loads(plan.model_dump_json())).ok

    check()
