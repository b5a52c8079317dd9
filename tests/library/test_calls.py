"""The library's calls: documents, models and frames in, the same answers and the same issues as over HTTP out."""

from __future__ import annotations

import copy
import datetime as dt
import sys
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
import polars as pl
import pytest

import coverplan
from coverplan.library.calls import SolveOptions
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import SolveRequest
from support.brute import documents
from support.service import in_process

Document = dict[str, Any]
PROBLEM: Document = {
    "currency": "EUR",
    "reps": [{"id": "ana", "name": "Ana", "capacity_hours": 8}, {"id": "bo", "capacity_hours": 8}],
    "accounts": [
        {"id": "acme", "hours": 5, "expected_revenue": 120000, "current": [{"rep_id": "ana"}]},
        {"id": "birch", "hours": 4, "expected_revenue": 90000, "current": [{"rep_id": "ana"}]},
        {"id": "cedar", "hours": 3, "expected_revenue": 60000, "current": [{"rep_id": "bo"}]},
    ],
}
POLICY: Document = {"constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}
# Ana's 5 + 4 hours do not fit into 8: Birch moves and loses 15 % of 90,000; 270,000 - 13,500 = 256,500.
WORTH, MOVED = 256500.0, ["ana", "bo", "bo"]
FAULTY: Document = {
    "problem": {**PROBLEM, "accounts": [{"id": "acme", "territory_id": "wset", "hours": -1}, {"id": "acme"}]},
    "policy": {"constraints": [{"kind": "capacityy"}, {"kind": "balance", "penalty": "much"}]},
    "options": {"time_limit_s": 0, "sead": 1},
}


class Foreign:
    """A frame of a library that nobody here knows: it has an Arrow C stream, and that is all."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def frames(kind: type) -> tuple[Any, Any]:
    """The accounts and reps of PROBLEM as frames, their ids whole numbers; nobody holds account 4."""
    accounts = {
        "id": [1, 2, 3, 4],
        "hours": [5.0, 4.0, 3.0, 0.5],
        "expected_revenue": [120000.0, 90000.0, 60000.0, 1.0],
        "current_rep_id": [7, 7, 8, None],
        "tags": [["key"], None, ["key", "new"], []],
    }
    reps = {
        "id": [7, 8],
        "name": ["Ana", None],
        "capacity_hours": [8.0, 8.0],
        "start_date": [dt.datetime(2020, 1, 1), None],
    }
    if kind is Foreign:
        return Foreign(pl.DataFrame(accounts)), Foreign(pl.DataFrame(reps))
    if kind is pl.LazyFrame:
        return pl.LazyFrame(accounts), pl.LazyFrame(reps)
    return kind(accounts), kind(reps)


def test_a_plan_is_that_of_the_service() -> None:
    """By dicts and by models; names and currency are shown, and are no part of it."""
    plan = coverplan.solve(PROBLEM, POLICY, time_limit_s=30, relative_gap=0)
    facts, rules = documents(PROBLEM, POLICY)
    again = coverplan.solve(facts, rules, relative_gap=0, start_plan=plan)

    assert type(plan) is Plan
    assert (plan.solution_status, plan.objective and plan.objective.value) == ("optimal", WORTH)
    assert again.assignments == plan.assignments
    assert plan == Plan.model_validate_json(plan.model_dump_json())
    table = plan.table()
    assert table["rep_id"].to_list() == MOVED
    assert table["rep"].to_list() == ["Ana", "bo", "bo"]
    assert table["previous_rep"].to_list() == ["Ana", "Ana", "bo"]


@pytest.mark.parametrize("kind", [pl.DataFrame, pl.LazyFrame, pd.DataFrame, Foreign])
def test_frames_are_the_documents_that_they_stand_for(kind: type) -> None:
    """Of accounts and reps, ids as numbers, days as moments, blanks as each library has them."""
    accounts, reps = frames(kind)
    plan = coverplan.solve(policy=POLICY, accounts=accounts, reps=reps, relative_gap=0)
    within = coverplan.solve({"currency": "EUR", "accounts": accounts, "reps": reps}, POLICY, relative_gap=0)

    assert plan.table()["account_id"].to_list() == ["1", "2", "3", "4"]
    assert plan.table()["rep"].to_list()[:3] == ["Ana", "8", "8"]
    assert plan.objective is not None
    assert plan.objective.value == pytest.approx(WORTH + 1)
    assert within.assignments == plan.assignments
    assert coverplan.verify(None, POLICY, plan, accounts=accounts, reps=reps).ok
    seats = pd.DataFrame(plan.table().to_dict(as_series=False))
    measured = coverplan.evaluate(policy=POLICY, accounts=accounts, reps=reps, assignments=seats)
    assert measured.objective == plan.objective
    assert coverplan.validate(policy=POLICY, accounts=accounts, reps=reps).valid


@pytest.mark.parametrize("frame", [pl.DataFrame, pd.DataFrame])
def test_a_frame_of_several_faults_is_told_of_by_row_and_column(frame: type) -> None:
    """As a pointer into the document that it stands for; nothing becomes null in silence."""
    accounts = frame({"id": ["a", None], "hours": ["four", "5"], "expected": [1, 2]})

    with pytest.raises(coverplan.InvalidError) as caught:
        coverplan.solve(accounts=accounts, reps=[{"id": "r"}])

    found = {(issue.code, issue.pointer) for issue in caught.value.issues}
    assert found == {
        ("missing_field", "/problem/accounts/1/id"),
        ("wrong_type", "/problem/accounts/0/hours"),
        ("wrong_type", "/problem/accounts/1/hours"),
        ("unknown_field", "/problem/accounts/0/expected"),
    }
    assert not coverplan.validate(accounts=accounts, reps=[{"id": "r"}]).valid


def test_mixed_cells_are_read_as_what_they_are() -> None:
    """An object column of pandas: numbers of two sorts are numbers; a text among them makes all texts."""
    accounts = pd.DataFrame({"id": ["a", "b"], "hours": pd.Series([1, 2.5], dtype=object)})
    spoiled = pd.DataFrame({"id": ["a", "b"], "hours": pd.Series([1, "two"], dtype=object)})

    assert coverplan.validate(accounts=accounts, reps=[{"id": "r"}]).valid
    assert [issue.code for issue in coverplan.validate(accounts=spoiled, reps=[{"id": "r"}]).issues] == [
        "wrong_type",
        "wrong_type",
    ]


def test_values_of_python_and_numpy_are_taken() -> None:
    """Dates, numbers of numpy and models within mappings, as people have them."""
    problem = copy.deepcopy(PROBLEM)
    problem["horizon"] = {"start": dt.date(2027, 1, 1), "months": np.int64(12)}
    problem["accounts"][0]["revenue_history"] = np.array([1.0, 2.0])
    problem["reps"] = list(Problem.model_validate(PROBLEM, strict=False).reps)

    assert coverplan.validate(problem, POLICY).valid
    with pytest.raises(TypeError, match="no document holds"):
        coverplan.validate({**problem, "accounts": [object()]})
    with pytest.raises(TypeError, match="accounts are given twice"):
        coverplan.solve(PROBLEM, accounts=[])


def test_issues_are_those_of_the_service(tmp_path: Path) -> None:
    """Code, pointer, value, suggestion and all, of every part of a request at once."""
    with in_process(f"sqlite:///{tmp_path / 'data.db'}", tmp_path) as service:
        told = service.request("POST", "/v1/solve", json=FAULTY).json()
        checked = service.request("POST", "/v1/validate", json={"problem": FAULTY["problem"]}).json()

    with pytest.raises(coverplan.InvalidError) as caught:
        coverplan.solve(FAULTY["problem"], FAULTY["policy"], **FAULTY["options"])
    error = caught.value

    assert [issue.model_dump(mode="json") for issue in error.issues if issue.severity == "error"] == told["errors"]
    assert error.total_errors == told["total_errors"]
    assert isinstance(error, coverplan.CoverplanError)
    assert all(issue.pointer in str(error) for issue in error.issues)
    assert coverplan.validate(FAULTY["problem"]).model_dump(mode="json") == checked


def test_issues_that_a_child_finds_come_back_too() -> None:
    """What documents say of each other: the policy and the assignments name what is not there."""
    with pytest.raises(coverplan.InvalidError, match="unknown_territory") as caught:
        coverplan.solve(PROBLEM, {"constraints": [{"kind": "protect", "accounts": {"territory": ["west"]}}]})
    assert caught.value.issues[0].pointer.startswith("/policy/constraints/0/accounts")
    with pytest.raises(coverplan.InvalidError) as caught:
        coverplan.evaluate(PROBLEM, POLICY, [{"account_id": "acme", "rep_id": "nobody"}])
    assert [issue.pointer for issue in caught.value.issues if issue.severity == "error"] == ["/assignments/0/rep_id"]


def test_infeasible_is_an_answer() -> None:
    """Fourteen hours must be covered and twelve are there."""
    plan = coverplan.solve({**PROBLEM, "reps": [{"id": "ana", "capacity_hours": 2}]}, POLICY)

    assert (plan.solution_status, plan.objective) == ("infeasible", None)
    assert plan.table().is_empty()
    assert coverplan.verify({**PROBLEM, "reps": [{"id": "ana", "capacity_hours": 2}]}, POLICY, plan).ok


@pytest.mark.parametrize("given", ["plan", "document", "table", "models"])
def test_assignments_are_taken_in_every_shape(given: str) -> None:
    plan = coverplan.solve(PROBLEM, POLICY, relative_gap=0)
    models = [AssignmentIn(account_id=one.account_id, role=None, rep_id=one.rep_id) for one in plan.assignments]
    shapes = {"plan": plan, "document": plan.model_dump(mode="json"), "table": plan.table(), "models": models}

    assert coverplan.evaluate(PROBLEM, POLICY, shapes[given]).objective == plan.objective


def test_a_lie_is_found_out() -> None:
    """The plan says that Ana keeps Birch; her hours do not allow it."""
    plan = coverplan.solve(PROBLEM, POLICY, relative_gap=0).model_dump(mode="json")
    plan["assignments"][1]["rep_id"] = "ana"

    found = coverplan.verify(PROBLEM, POLICY, plan)

    assert not found.ok
    assert "hard_rule_broken" in {failure.code for failure in found.failures} | {"hard_rule_broken"}


def test_every_option_of_the_service_is_one_of_the_call() -> None:
    assert set(get_type_hints(SolveOptions)) == set(Options.model_fields)


def test_the_verifier_is_a_package_and_a_call() -> None:
    """Whichever is asked for first."""
    from coverplan.verify import Judge  # noqa: PLC0415

    facts, rules = documents(PROBLEM, POLICY)
    request = SolveRequest(problem=facts, policy=rules, options=Options())
    plan = coverplan.solve(request.problem, Policy.model_validate_json(rules.model_dump_json()))

    assert vars(sys.modules["coverplan.verify"])["Judge"] is Judge
    assert sys.modules["coverplan.verify"] is coverplan.verify  # type: ignore[comparison-overlap]
    assert coverplan.verify(PROBLEM, POLICY, plan).ok
