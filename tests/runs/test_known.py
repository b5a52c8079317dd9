"""What is known is kept: that there is no plan, and bounds, through later phases, kills and new beginnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coverplan.payload.answer import finish, solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.requests import SolveRequest
from coverplan.process import channel, work
from coverplan.process.channel import NothingKeptError
from coverplan.runs import choice, least_violating
from coverplan.verify import Judge, verify
from support.brute import best_objective, documents

Document = dict[str, Any]
COVERED: Document = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}


def _problem(capacity: float = 25.0, **last: Any) -> Document:
    """Six accounts of 10 hours each and three reps; the last account may differ."""
    accounts = [{"id": f"a{place}", "hours": 10, "expected_revenue": 1000 + 37 * place} for place in range(6)]
    return {
        "reps": [{"id": f"r{place}", "capacity_hours": capacity} for place in range(3)],
        "accounts": [*accounts[:5], {**accounts[5], **last}],
    }


NOBODY_CAN = _problem(required_skills=["sailing"])
TOO_LITTLE_TIME = _problem(18.0)  # 60 hours are needed, and 54 are there
HALVES = _problem(15.0)  # 45 hours: the relaxation covers half accounts, a plan one account per rep
METHODS = {
    "exact": {"method": "exact"},
    "priced": {"method": "priced"},
    "priced, few pairs": {"method": "priced"},
    "dense": {},
}


class _Killed(BaseException):
    """The process is gone."""


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every method; whole knapsacks are left to `auto`, which here takes them from the first pair on."""
    monkeypatch.setattr(choice, "DENSE_FROM", 0)
    return str(request.param)


def _policy(method: str) -> Document:
    return {**COVERED, "candidates": {"per_seat": 2}} if "few" in method else COVERED


def _solve(problem: Document, method: str, **more: Any) -> Plan:
    options = Options(relative_gap=0.0, time_limit_s=20, **METHODS[method])  # type: ignore[arg-type]
    return solve(*documents(problem, _policy(method)), options, **more)


def _killed_in(phase: str, problem: Document, method: str, folder: Path) -> None:
    def listen(progress: Progress) -> None:
        if progress.phase == phase:
            raise _Killed

    with pytest.raises(_Killed):
        _solve(problem, method, listen=listen, checkpoint=folder)


def _finish(problem: Document, method: str, folder: Path, stopped_by: str = "time_limit") -> Plan:
    return finish(*documents(problem, _policy(method)), Options(**METHODS[method]), folder, stopped_by)  # type: ignore[arg-type]


@pytest.mark.parametrize("problem", [NOBODY_CAN, TOO_LITTLE_TIME], ids=["nobody can", "too little time"])
def test_a_proof_that_there_is_no_plan_outlives_the_process(problem: Document, method: str, tmp_path: Path) -> None:
    """Killed while it looks for the plan that breaks the rules least; the answer is the proof, with its warnings."""
    assert best_objective(Judge(problem, COVERED)) is None
    _killed_in("least violating", problem, method, tmp_path)

    plan = _finish(problem, method, tmp_path)

    assert plan.solution_status == "infeasible"
    assert plan.stopped_by == "time_limit"
    assert plan.dual_bound is None
    assert plan.least_violating is not None
    if problem is NOBODY_CAN:
        assert "must_cover_out_of_reach" in {issue.code for issue in plan.issues}


def test_the_next_solve_begins_with_the_proof(method: str, tmp_path: Path) -> None:
    """Nothing is bounded or searched again."""
    _killed_in("least violating", TOO_LITTLE_TIME, method, tmp_path)

    plan = _solve(TOO_LITTLE_TIME, method, checkpoint=tmp_path)

    assert plan.solution_status == "infeasible"
    assert set(plan.metrics.seconds) == {"load", "build", "least violating", "decode"}


def test_a_seat_that_nobody_can_take_needs_no_search(method: str) -> None:
    """It is known before anything is solved, and one seat is all that the nearest plan misses."""
    plan = _solve(NOBODY_CAN, method)

    assert plan.solution_status == "infeasible"
    assert set(plan.metrics.seconds) == {"load", "build", "least violating", "decode"}
    assert plan.least_violating is not None
    missed = {row.kind: row.violation for row in plan.least_violating.constraints if row.violation > 0}
    assert missed == {"must_cover": 1.0}


@pytest.mark.parametrize("problem", [NOBODY_CAN, TOO_LITTLE_TIME], ids=["nobody can", "too little time"])
def test_no_bound_is_shown_on_plans_that_cannot_be(problem: Document, method: str) -> None:
    """Prices fall without end where there is no plan: -1e24 bounds nothing that a caller could want to know."""
    heard: list[Progress] = []

    plan = _solve(problem, method, listen=heard.append)

    assert plan.solution_status == "infeasible"
    bounds = [step.dual_bound for step in heard if step.dual_bound is not None]
    assert all(0.0 <= bound <= 6_555.0 + 1e-6 for bound in bounds)  # all six accounts: 6 x 1,000 + 15 x 37
    assert [step.dual_bound for step in heard if step.phase in {"least violating", "done"}][1:] == [None] * (
        sum(step.phase in {"least violating", "done"} for step in heard) - 1
    )


def test_a_bound_is_kept_before_there_is_a_plan(tmp_path: Path) -> None:
    """Killed when the search begins: the linear relaxation's bound, and prices that prove it, are the answer."""
    policy: Document = {"constraints": [{"kind": "capacity"}]}
    best = best_objective(Judge(HALVES, policy))
    options = Options(backend="highs", relative_gap=0.0)

    def listen(progress: Progress) -> None:
        if progress.phase == "search":
            raise _Killed

    with pytest.raises(_Killed):
        solve(*documents(HALVES, policy), options, listen=listen, checkpoint=tmp_path)
    plan = finish(*documents(HALVES, policy), options, tmp_path, "time_limit")

    assert plan.solution_status == "no_solution_found"
    assert best is not None
    assert plan.dual_bound is not None
    assert best <= plan.dual_bound < 6_555.0
    assert verify(HALVES, policy, json.loads(plan.model_dump_json())).ok


@pytest.mark.parametrize(("problem", "answered"), [(TOO_LITTLE_TIME, True), (HALVES, False)])
def test_a_lost_solver_is_no_answer_unless_it_knew_one(problem: Document, answered: bool, tmp_path: Path) -> None:
    """Out of memory with the proof in hand is an answer; out of memory with nothing is not."""
    (tmp_path / channel.CHECKPOINT).mkdir()
    phase = "least violating" if answered else "search"
    policy = COVERED if answered else {"constraints": [{"kind": "capacity"}]}
    request = SolveRequest.model_validate({"problem": problem, "policy": policy, "options": {"backend": "highs"}})
    (tmp_path / channel.REQUEST_FILE).write_text(request.model_dump_json())

    def listen(progress: Progress) -> None:
        if progress.phase == phase:
            raise _Killed

    with pytest.raises(_Killed):
        solve(*documents(problem, policy), request.options, listen=listen, checkpoint=tmp_path / channel.CHECKPOINT)
    order = channel.Order(tmp_path, answers=None, stopped_by="memory_limit")  # type: ignore[arg-type]
    if answered:
        work.finish(order)
        assert json.loads((tmp_path / channel.RESULT_FILE).read_bytes())["solution_status"] == "infeasible"
    else:
        with pytest.raises(NothingKeptError):
            work.finish(order)


def test_a_large_search_for_the_nearest_plan_can_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own it finds what it finds in this one."""
    here = _solve(TOO_LITTLE_TIME, "exact")
    monkeypatch.setattr(least_violating, "AT_ONCE_UP_TO", 0)

    there = _solve(TOO_LITTLE_TIME, "exact")

    for plan in (here, there):
        assert plan.least_violating is not None
        assert {row.kind: row.violation for row in plan.least_violating.constraints if row.violation > 0} in (
            {"must_cover": 3.0},  # one account per rep, three are left
            {"capacity": 2.0},  # two accounts per rep, 20 of 18 hours each
        )
