"""Every assignment of a tiny problem, tried one by one and judged by the independent verifier."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any, Literal

from coverplan.payload.answer import evaluate, solve
from coverplan.payload.issues import PayloadError
from coverplan.payload.options import Options
from coverplan.payload.plan import AssignmentIn, Plan
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.verify import Judge, verify

Document = dict[str, Any]
Backend = Literal["auto", "highs", "cp_sat", "scip", "cbc"]


def documents(problem: Document, policy: Document) -> tuple[Problem, Policy]:
    """The two documents as models."""
    return Problem.model_validate_json(json.dumps(problem)), Policy.model_validate_json(json.dumps(policy))


def covers(judge: Judge) -> Iterator[list[int]]:
    """Every assignment, as the place of each seat's rep, -1 uncovered."""
    book = judge.case.book
    choices = [
        [-1, *(place for place, rep in enumerate(book.reps) if rep.role == seat.role.name)] for seat in book.seats
    ]
    return map(list, itertools.product(*choices))


def best_objective(judge: Judge) -> float | None:
    """The largest objective among all assignments that keep the hard rules; None if there is none."""
    best = -math.inf
    for cover in covers(judge):
        found = judge.evaluate_cover(cover)
        if found.feasible:
            best = max(best, found.objective)
    return None if math.isinf(best) else best


def _locked_apart(refusal: PayloadError) -> bool:
    """Whether the only fault is a merged family that is locked to two reps."""
    return {issue.code for issue in refusal.report.errors} == {"family_locked_apart"}


def check_solve(problem: Document, policy: Document, backend: Backend = "highs") -> Plan | None:
    """The solved plan is worth what the best of all assignments is worth, or rightly called infeasible."""
    best = best_objective(Judge(problem, policy))
    try:
        plan = solve(*documents(problem, policy), Options(relative_gap=0.0, time_limit_s=20, backend=backend))
    except PayloadError as refusal:
        if not _locked_apart(refusal) or best is not None:
            raise
        return None
    if best is None:
        assert plan.solution_status in ({"infeasible", "no_solution_found"} if backend == "cp_sat" else {"infeasible"})
        assert plan.objective is None
        return plan
    # CP-SAT claims no bound where a program does not scale to integers exactly: it answers without a proof.
    assert plan.solution_status in ({"optimal", "feasible"} if backend == "cp_sat" else {"optimal"})
    assert plan.objective is not None
    assert math.isclose(plan.objective.value, best, rel_tol=1e-9, abs_tol=1e-6)
    assert plan.certificate is not None
    assert plan.certificate.bound >= best - 1e-6
    return plan


def check_evaluate(problem: Document, policy: Document, cover: list[int]) -> None:
    """Given assignments, good or bad, are measured as the verifier measures them; `cover` picks reps by seat."""
    judge = Judge(problem, policy)
    book = judge.case.book
    given = []
    for seat, pick in zip(book.seats, cover, strict=False):
        fitting = [rep for rep in book.reps if rep.role == seat.role.name]
        if pick < len(fitting):
            given.append({"account_id": seat.account.id, "role": seat.role.name, "rep_id": fitting[pick].id})
    expected = judge.evaluate(given)
    try:
        plan = evaluate(*documents(problem, policy), [AssignmentIn(**item) for item in given])
    except PayloadError as refusal:
        if not _locked_apart(refusal) or expected.feasible:
            raise
        return
    assert plan.objective is not None
    assert math.isclose(plan.objective.value, expected.objective, rel_tol=1e-9, abs_tol=1e-6)
    terms = {(term.term, term.constraint): term.value for term in plan.objective.terms}
    assert terms.keys() == expected.terms.keys()
    for key, value in terms.items():
        assert math.isclose(value, expected.terms[key], rel_tol=1e-9, abs_tol=1e-6), key
    rows = {(row.id, row.scope): row for row in plan.constraints}
    assert rows.keys() == expected.rows.keys()
    for scope, state in expected.rows.items():
        assert math.isclose(rows[scope].activity, state.activity, rel_tol=1e-9, abs_tol=1e-6), scope
        assert math.isclose(rows[scope].violation, state.violation, rel_tol=1e-9, abs_tol=1e-6), scope
    assert (plan.solution_status == "feasible") == expected.feasible
    found = verify(problem, policy, plan.model_dump(mode="json"))
    assert found.ok, found.failures
