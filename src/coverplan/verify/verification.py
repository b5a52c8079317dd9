"""`verify`: the whole check of a plan against its problem and policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from coverplan.verify.answer import check_books, check_ledger, check_rows, check_seats
from coverplan.verify.book import Document
from coverplan.verify.change import check_change
from coverplan.verify.evaluation import Evaluation, Failure, Judge, Term
from coverplan.verify.findings import Findings, entries
from coverplan.verify.proof import check_bounds, check_certificate
from coverplan.verify.rows import Cover

ANSWERED = ("optimal", "feasible")
UNANSWERED = ("infeasible", "no_solution_found")


@dataclass(frozen=True)
class Verification:
    """What holds and what does not.

    `objective` and `terms` are recomputed from the assignments, `bound` from the certificate's prices; each is None
    where the plan has none. A solver's own dual bound, and its claim that there is no plan, cannot be recomputed.
    """

    failures: list[Failure]
    objective: float | None = None
    terms: dict[Term, float] | None = None
    bound: float | None = None

    @property
    def ok(self) -> bool:
        """Whether every claim that can be recomputed holds."""
        return not self.failures

    def document(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return {
            "ok": self.ok,
            "failures": [{"code": failure.code, "message": failure.message} for failure in self.failures],
            "objective": self.objective,
            "terms": None
            if self.terms is None
            else [{"term": term, "constraint": rule, "value": value} for (term, rule), value in self.terms.items()],
            "bound": self.bound,
        }


def verify(problem: Document, policy: Document | None, plan: dict[str, Any]) -> Verification:
    """Recompute everything that a plan claims about a problem and a policy, all three as JSON documents.

    Large lists need not be lists: `problem["accounts"]` and `problem["pairs"]` may be anything that yields the rows
    (each is read once), `plan["assignments"]` and `plan["uncovered"]` anything that yields them anew each time.
    """
    judge, found = Judge(problem, policy), Findings()
    status, evaluated = plan.get("solution_status"), _is_evaluation(plan)
    if status not in ANSWERED + UNANSWERED:
        found.say("status_unknown", f"{status!r} is no solution_status")
    answer: Evaluation | None = None
    if status in ANSWERED or (evaluated and plan.get("objective") is not None):
        cover, answer = _check_answer(found, judge, plan)
        check_change(found, plan, judge, cover, answer)
        _check_feasibility(found, answer, claimed=status in ANSWERED)
    else:
        _check_silence(found, judge, plan)
    certificate, proven = plan.get("certificate"), None
    if isinstance(certificate, dict):
        proven = check_certificate(found, judge, certificate, answer.objective if answer else None)
    elif status in ANSWERED and not evaluated:
        found.say("certificate_missing", "the plan carries no certificate")
    bound = None if proven is None else proven.value
    if answer is None:
        return Verification(found.failures, bound=bound)
    check_bounds(found, plan, answer.objective, proven)
    return Verification(found.failures, answer.objective, answer.terms, bound)


def _is_evaluation(plan: dict[str, Any]) -> bool:
    """Whether the plan judges assignments that a caller gave, good or bad."""
    method = plan.get("method")
    return isinstance(method, dict) and method.get("used") == "evaluated"


def _check_answer(found: Findings, judge: Judge, plan: dict[str, Any]) -> tuple[Cover, Evaluation]:
    """Everything that follows from the assignments: the rep of each seat, and what that is worth."""
    cover, unreadable = judge.read_cover(entries(plan, "assignments"))
    found.add(unreadable)
    answer = judge.evaluate_cover(cover)
    check_ledger(found, plan, answer)
    check_seats(found, plan, judge.case, cover, answer)
    check_rows(found, plan, answer)
    check_books(found, plan, judge.case, cover, answer)
    return cover, answer


def _check_feasibility(found: Findings, answer: Evaluation, *, claimed: bool) -> None:
    if claimed:
        found.add(answer.hard_violations)
    elif answer.feasible:
        found.say("feasible_after_all", "the plan is called infeasible, but its assignments break no hard rule")


def _check_silence(found: Findings, judge: Judge, plan: dict[str, Any]) -> None:
    """Without a solution nothing is presented as one; the least violating assignment is shown as what it is."""
    status = plan.get("solution_status")
    for name in ("assignments", "uncovered"):
        if any(True for _ in entries(plan, name)):
            found.say("plan_without_solution", f"solution_status is {status!r}, yet {name} are listed")
    for name in ("objective", "gap", "absolute_gap"):
        if plan.get(name) is not None:
            found.say("plan_without_solution", f"solution_status is {status!r}, yet {name} is given")
    closest = plan.get("least_violating")
    if isinstance(closest, dict):
        if closest.get("solution_status") in ANSWERED:
            found.say("least_violating_as_plan", "least_violating is presented as a plan")
        _check_feasibility(found, _check_answer(found, judge, closest)[1], claimed=False)
