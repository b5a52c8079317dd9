"""Solve, evaluate, validate and verify: documents in, documents out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from pydantic import Field

from coverplan.library.bodies import as_json, problem_body, proposal, read
from coverplan.library.children import children
from coverplan.payload.base import Document
from coverplan.payload.checks import check_references
from coverplan.payload.errors import InvalidError
from coverplan.payload.examination import examined
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import EvaluateRequest, SolveRequest
from coverplan.payload.validation import ValidationReport
from coverplan.process.job import Job
from coverplan.verify import Verification
from coverplan.verify.verification import verify as recompute

Facts = Problem | Mapping[str, Any]
"""A problem: the document, or a mapping of its fields whose tables may be lists of documents or frames."""
Rules = Policy | Mapping[str, Any]


class Claim(Document):
    """A plan, and what it was made for."""

    problem: Problem = Field(description="The facts.")
    policy: Policy = Field(default_factory=Policy, description="The rules; absent: the default ones.")
    plan: Plan = Field(description="What is claimed.")


class SolveOptions(TypedDict, total=False):
    """How long and how to solve; see `coverplan.payload.options.Options`."""

    time_limit_s: float
    relative_gap: float
    absolute_gap: float
    method: Literal["auto", "exact", "priced"]
    backend: Literal["auto", "highs", "cp_sat", "scip", "cbc"]
    seed: int
    deterministic: bool
    work_limit: float | None


def solve(
    problem: Facts | None = None,
    policy: Rules | None = None,
    *,
    accounts: Any = None,
    reps: Any = None,
    start_plan: Plan | Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    **options: Unpack[SolveOptions],
) -> Plan:
    """The best plan of a problem under a policy, by default the default policy, within 30 seconds or `time_limit_s`.

    A problem is a document or a mapping; `accounts`, `reps` and its other tables may be polars, pandas or any Arrow
    frames, whose columns are those of `coverplan solve --help`. Amounts are in its currency over its horizon.

    It is solved in a process of its own. Ctrl-C answers with the best plan so far (`stopped_by` says so), a second one
    gives up. `on_progress` hears objective, bound and gap in the thread of the caller. An answer without a plan is a
    plan, too: its `solution_status` says whether that is proven.

    Raises:
        InvalidError: what was given cannot be used.
        FailedError: the process was lost, or outgrew the memory, before it had a plan.
    """
    body = {
        "problem": problem_body(problem, accounts, reps),
        "policy": policy,
        "options": dict(options),
        "start_plan": start_plan,
    }
    request = read(SolveRequest, body)
    solvers, facts = children(), request.problem
    job = Job.solve(request, large=solvers.large(len(facts.accounts) * len(facts.reps)))

    def listen(news: dict[str, Any]) -> None:
        if on_progress is not None:
            on_progress(Progress.model_validate(news))

    answer = solvers.answer(job, None if on_progress is None else listen)
    return Plan.model_validate_json(answer).labelled(facts)


def evaluate(
    problem: Facts | None = None,
    policy: Rules | None = None,
    assignments: Any = None,
    *,
    accounts: Any = None,
    reps: Any = None,
) -> Plan:
    """Given assignments measured by a policy: objective, ledger and every rule with its slack or violation.

    `assignments` are a plan, a list of documents, or a frame with account_id, rep_id and perhaps role; seats that are
    not among them are uncovered. Nothing is solved.

    Raises:
        InvalidError: what was given cannot be used.
        FailedError: the process that measures was lost.
    """
    body = {
        "problem": problem_body(problem, accounts, reps),
        "policy": policy,
        "assignments": proposal(assignments),
    }
    request = read(EvaluateRequest, body)
    solvers, facts = children(), request.problem
    job = Job.evaluate(request, large=solvers.large(len(facts.accounts) * len(facts.reps)))
    return Plan.model_validate_json(solvers.answer(job)).labelled(facts)


def validate(
    problem: Facts | None = None, policy: Rules | None = None, *, accounts: Any = None, reps: Any = None
) -> ValidationReport:
    """Every issue of a problem and a policy, errors first, and what no plan can meet. Nothing is solved, or raised."""
    try:
        return examined(as_json({"problem": problem_body(problem, accounts, reps), "policy": policy}))
    except InvalidError as error:
        return ValidationReport.of(error.report)


def verify(
    problem: Facts | None = None,
    policy: Rules | None = None,
    plan: Plan | Mapping[str, Any] | None = None,
    *,
    accounts: Any = None,
    reps: Any = None,
) -> Verification:
    """What a plan claims, recomputed by code that shares nothing with the solver: feasibility, rows, ledger and bound.

    `ok` says whether all of it holds, `failures` what does not. `python -m coverplan.verify` is the same by itself.

    Raises:
        InvalidError: what was given cannot be used.
    """
    claim = read(Claim, {"problem": problem_body(problem, accounts, reps), "policy": policy, "plan": plan})
    report = check_references(claim.problem, claim.policy)
    if report.total_errors:
        raise InvalidError(report)
    facts, claimed = claim.problem.model_dump(mode="json"), claim.plan.model_dump(mode="json")
    return recompute(facts, claim.policy.filled(), claimed)
