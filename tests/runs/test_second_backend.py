"""A proof by a solver of whole numbers is a proof; where it gives up, another is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coverplan.mip.integers import IntegerProgram, to_integers
from coverplan.mip.program import Program
from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan
from coverplan.solvers import cp_sat
from support.brute import documents

Document = dict[str, Any]
TIED: Document = {
    "constraints": [{"kind": "capacity"}, {"kind": "must_cover"}, {"kind": "family", "penalty": 7.0}],
}


def _by_cp_sat(accounts: int) -> Plan:
    """Three reps of 15 hours and accounts of 10, some of one family: one account each, though 45 hours are 4.5."""
    problem = {
        "reps": [{"id": f"r{place}", "capacity_hours": 15} for place in range(3)],
        "accounts": [
            {"id": f"a{place}", "hours": 10, "expected_revenue": 1000, **({"parent_id": "a0"} if place else {})}
            for place in range(accounts)
        ],
    }
    return solve(*documents(problem, TIED), Options(backend="cp_sat", relative_gap=0.0, time_limit_s=20))


@pytest.mark.parametrize(("accounts", "status"), [(3, "optimal"), (4, "infeasible")])
def test_what_it_proves_of_tied_seats_is_proven(accounts: int, status: str) -> None:
    """The columns that count broken ties are whole by themselves: nothing is lost by counting in whole numbers."""
    plan = _by_cp_sat(accounts)

    assert plan.solution_status == status
    assert plan.stopped_by == "proof"


@pytest.mark.parametrize(("accounts", "status"), [(3, "optimal"), (4, "infeasible")])
def test_where_it_proves_nothing_another_is_asked(monkeypatch: pytest.MonkeyPatch, accounts: int, status: str) -> None:
    """As where rows do not scale to whole numbers; nobody was lost."""

    def rough(program: Program) -> IntegerProgram:
        return replace(to_integers(program), valid_bound=False)

    monkeypatch.setattr(cp_sat, "to_integers", rough)
    plan = _by_cp_sat(accounts)

    assert plan.stopped_by != "solver_lost"
    assert plan.solution_status in {status, "feasible"}
    assert (plan.objective is None) == (status == "infeasible")
    if status == "infeasible":
        assert plan.stopped_by == "proof"
        assert any("highs was asked" in note for note in plan.notes)
