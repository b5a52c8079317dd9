"""What a lost solve leaves behind becomes a verified plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from coverplan.payload.answer import finish, solve
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.brute import documents
from support.by_hand import book, value, worth
from support.rich import rich_policies, rich_problems
from support.sampling import examples

Document = dict[str, Any]
TIGHT = {"constraints": [{"kind": "capacity", "utilisation": 0.8}, {"kind": "balance", "penalty": 0.2}]}


def test_the_best_plan_is_kept(tmp_path: Path) -> None:
    """Same assignments, bound and certificate as the solve that ended by itself."""
    problem = generate(accounts=40, reps=5, pairs=3, seed=4)
    options = Options(relative_gap=5e-3)
    solved = solve(*documents(problem, TIGHT), options, checkpoint=tmp_path)

    plan = finish(*documents(problem, TIGHT), options, tmp_path, "solver_lost")

    found = verify(problem, TIGHT, plan.model_dump(mode="json"))
    assert found.ok, found.failures
    assert plan.stopped_by == "solver_lost"
    assert plan.assignments == solved.assignments
    assert value(plan) == value(solved)
    assert (plan.dual_bound, plan.certificate) == (solved.dual_bound, solved.certificate)


def test_nothing_to_keep_is_said(tmp_path: Path) -> None:
    """A solve that was lost while it read its problem leaves nothing."""
    problem = book({"a": worth(9)}, {"ana": {}})

    with pytest.raises(FileNotFoundError):
        finish(*documents(problem, TIGHT), Options(), tmp_path, "solver_lost")


def test_any_rules(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Merged families, linked rules and two roles come back whole."""

    @examples(15)
    @given(rich_problems(), rich_policies())
    def check(problem: Document, policy: Document) -> None:
        folder = tmp_path_factory.mktemp("checkpoint")
        try:
            solved = solve(*documents(problem, policy), Options(relative_gap=0.0), checkpoint=folder)
        except PayloadError:
            return
        if solved.objective is None:
            return
        plan = finish(*documents(problem, policy), Options(relative_gap=0.0), folder, "memory_limit")
        found = verify(problem, policy, plan.model_dump(mode="json"))
        assert found.ok, found.failures
        assert value(plan) == solved.objective.value

    check()
