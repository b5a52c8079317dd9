"""Solving and measuring by columns gives the plan that documents give, and the verifier agrees."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.payload import answer
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn
from coverplan.payload.policy import Policy
from coverplan.payload.requests import BookRequest, OtherPlan
from coverplan.tables.bulk import solve as bulk
from coverplan.tables.bulk.plans import assigned_seats, document_parts, plan_document, seat_table
from coverplan.tables.bulk.read import LoadedBook, read_book
from coverplan.tables.generate import generate
from coverplan.verify import verify
from support.brute import documents
from support.drawing import policies
from support.policies import any_rule
from support.sampling import COVERS, examples
from support.tables import write_csv_book, write_parquet_book
from support.tiny import problems

Document = dict[str, Any]
OPTIONS = Options(relative_gap=0.0, time_limit_s=20)


def comparable(plan: Document) -> Document:
    """All but the effort; warnings in any order, since tables are warned of before the rest."""
    issues = sorted(plan["issues"], key=lambda issue: json.dumps(issue, sort_keys=True))
    return {**plan, "metrics": {name: plan["metrics"][name] for name in ("seats", "pairs", "rows")}, "issues": issues}


def answered(call: Callable[[], Document]) -> Document | set[str]:
    """The plan, as far as it can be compared, or the codes that it is refused with."""
    try:
        plan = call()
    except PayloadError as refusal:
        return {issue.code for issue in refusal.report.errors}
    return comparable(plan)


@given(problems(), policies(any_rule()), st.booleans(), st.sampled_from([None, None, 1]))
@examples(25)
def test_a_folder_is_solved_like_its_document(
    problem: Document, policy: Document, flat: bool, per_seat: int | None
) -> None:
    """The whole plan, seats and all, whatever rule there is."""
    facts, wishes = documents(problem, {**policy, "candidates": {"per_seat": per_seat}})
    with tempfile.TemporaryDirectory() as name:
        folder, table = Path(name), Path(name) / "plan.parquet"
        (write_csv_book if flat else write_parquet_book)(problem, folder)
        request = BookRequest(folder=name, policy=wishes, options=OPTIONS, table=str(table))
        expected = answered(lambda: answer.solve(facts, wishes, OPTIONS).model_dump(mode="json"))
        found = answered(lambda: (bulk.solve(request, None, None), plan_document(table))[1])

    assert found == expected
    assert isinstance(found, set) or verify(facts.model_dump(mode="json"), wishes.filled(), found).ok


def test_a_plan_and_prices_of_another_run_are_where_a_solve_begins(tmp_path: Path) -> None:
    """A little more room: the other plan is feasible and its prices prove enough, so nothing is searched.

    Only the last step, which brings accounts home where that costs nothing, may change it.
    """
    write_parquet_book(generate(accounts=80, reps=6, pairs=4, seed=5), tmp_path)
    tight, loose = (
        Policy.model_validate({"constraints": [{"kind": "capacity", "utilisation": share}]}) for share in (0.8, 0.801)
    )
    seats, other = tmp_path / "other.parquet", tmp_path / "other.json"
    first = BookRequest(folder=str(tmp_path), policy=tight, options=Options(relative_gap=0.001), table=str(seats))
    before = bulk.solve(first, None, None)
    other.write_text(before.model_dump_json())

    offered = [OtherPlan(plan=str(other), table=str(seats))]
    table = tmp_path / "plan.parquet"
    again = {"policy": loose, "options": Options(relative_gap=0.01), "table": str(table), "other_plans": offered}
    plan = bulk.solve(first.model_copy(update=again), None, None)

    assert (plan.stopped_by, plan.method.backend) == ("gap", None)
    assert plan.objective is not None
    assert before.objective is not None
    assert plan.objective.value >= before.objective.value
    changed = set(assigned_seats(table).rows()) - set(assigned_seats(seats).rows())
    assert plan.towards_today is not None
    assert len(changed) <= 2 * plan.towards_today.undone


@given(problems(), policies(any_rule()), COVERS, st.booleans())
@examples(40)
def test_assignments_are_measured_like_their_documents(
    problem: Document, policy: Document, cover: list[int], named: bool
) -> None:
    """Admissible or not, with and without roles; an account or a rep that is not there, and a seat given twice."""
    facts, wishes = documents(problem, policy)
    rows = [
        AssignmentIn(
            account_id="nobody" if pick == 4 else account.id,
            role=facts.reps[min(pick, len(facts.reps) - 1)].role if named else None,
            rep_id=facts.reps[pick].id if pick < len(facts.reps) else "nobody",
        )
        for account, pick in zip([*facts.accounts, facts.accounts[0]], [*cover, cover[0]], strict=False)
        if pick != 3
    ]
    frame = pl.DataFrame(
        [(row.account_id, row.role, row.rep_id) for row in rows],
        dict.fromkeys(("account_id", "role", "rep_id"), pl.String),
        orient="row",
    )
    with tempfile.TemporaryDirectory() as name:
        loaded = read_book(write_csv_book(problem, Path(name)))
        found = answered(lambda: measured(loaded, wishes, frame))

    assert found == answered(lambda: answer.evaluate(facts, wishes, rows).model_dump(mode="json"))


def measured(loaded: LoadedBook, policy: Policy, assignments: pl.DataFrame) -> Document:
    """The document that a measurement by columns prints."""
    plan, outcome = bulk.evaluate(loaded, policy, assignments, "/assignments")
    document: Document = json.loads("".join(document_parts(plan, seat_table(outcome))))
    return document


def test_a_lost_solve_is_finished_from_its_checkpoint(tmp_path: Path) -> None:
    """Two accounts for one rep with time for one: 30 beats 20, also when the solve is gone."""
    problem = {
        "accounts": [{"id": "a", "potential": 30.0}, {"id": "b", "potential": 20.0}],
        "reps": [{"id": "r", "capacity_hours": 1.0}],
    }
    folder, table = write_csv_book(problem, tmp_path / "book"), tmp_path / "plan.parquet"
    policy = Policy.model_validate_json('{"constraints": [{"kind": "capacity"}]}')
    request = BookRequest(folder=str(folder), policy=policy, options=OPTIONS, table=str(table))
    bulk.solve(request, None, tmp_path)
    table.unlink()

    bulk.finish(request, tmp_path, "solver_lost")

    plan = plan_document(table)
    assert plan["stopped_by"] == "solver_lost"
    assert plan["objective"]["value"] == pytest.approx(30)
    assert [seat["account_id"] for seat in plan["assignments"]] == ["a"]
    assert [(seat["account_id"], seat["reason"]) for seat in plan["uncovered"]] == [("b", "no_room")]


def test_a_solve_stopped_before_its_first_plan_leaves_an_empty_table(tmp_path: Path) -> None:
    folder = write_csv_book({"accounts": [{"id": "a"}], "reps": [{"id": "r"}]}, tmp_path / "book")
    table = tmp_path / "plan.parquet"
    request = BookRequest(folder=str(folder), table=str(table))

    bulk.nothing(request, "time_limit")

    plan = plan_document(table)
    assert (plan["solution_status"], plan["stopped_by"]) == ("no_solution_found", "time_limit")
    assert plan["assignments"] == plan["uncovered"] == []
