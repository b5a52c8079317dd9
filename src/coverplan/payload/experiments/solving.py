"""Solving cells: a problem is read and checked once, however many policies it is solved under."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from coverplan.domain.book import Book
from coverplan.domain.listing import Listings
from coverplan.payload.answer import start_seats
from coverplan.payload.columns import to_instance
from coverplan.payload.experiments.stored import CellRequest
from coverplan.payload.hashing import instance_hash
from coverplan.payload.issues import IssueReport
from coverplan.payload.outcome import Listen, finish_book, nothing_found, plan_of, solve_book
from coverplan.payload.plan import Plan
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known, check_policy, check_policy_effects
from coverplan.payload.precedents import OfferedPlan
from coverplan.payload.problem import Problem
from coverplan.payload.problem_checks import check_problem
from coverplan.payload.reach_checks import Reach, check_reach
from coverplan.runs.precedent import Precedent
from coverplan.studies.perturbation import Perturbation, perturbed

AT_PROBLEM, AT_POLICY = "/problem", "/policy"
NEAREST_MISS_S = 1.0
"""What a cell without a plan spends on the one that breaks the rules least: experiments compare plans."""
REMEMBERED = 4
"""Problems that one process keeps."""


@dataclass(frozen=True, eq=False)
class Facts:
    """A sound problem as solves need it."""

    known: Known
    book: Book
    issues: IssueReport

    @classmethod
    def of(cls, problem: Problem) -> Facts:
        """Check a problem and put it into columns; raises PayloadError."""
        issues = IssueReport()
        check_problem(issues, problem, AT_PROBLEM)
        issues.raise_errors()
        return cls(Known.of(problem), Book.of(to_instance(problem)), issues)

    def turned_out(self, by: Perturbation | None) -> Facts:
        """The facts as they might turn out."""
        return self if by is None else Facts(self.known, Book.of(perturbed(self.book.instance, by)), self.issues)

    @cached_property
    def listings(self) -> Listings:
        """Its admissible pairs under the candidate rules of the last policies."""
        return Listings(self.book)

    def checked(self, policy: Policy) -> IssueReport:
        """What is worth a word of the problem under a policy; raises PayloadError for errors."""
        issues = IssueReport()
        check_policy(issues, self.known, policy, AT_POLICY)
        issues.raise_errors()
        issues.extend(self.issues)
        reach = Reach.of(self.book, policy, self.listings)
        check_policy_effects(issues, reach, policy, AT_POLICY)
        check_reach(issues, reach, AT_PROBLEM, AT_POLICY)
        issues.raise_errors()
        return issues


_read: OrderedDict[str, Facts] = OrderedDict()


def facts_of(file: str) -> Facts:
    """The problem in a file that never changes; the last ones stay in memory. Raises PayloadError."""
    if file not in _read:
        _read[file] = Facts.of(Problem.model_validate_json(Path(file).read_bytes()))
        while len(_read) > REMEMBERED:
            _read.popitem(last=False)
    _read.move_to_end(file)
    return _read[file]


def solve(request: CellRequest, listen: Listen | None, checkpoint: Path | None) -> Plan:
    """Solve a cell whose problem is a file; raises PayloadError."""
    began = time.monotonic()
    facts = _facts(request)
    issues = facts.checked(request.policy)
    others = tuple(_precedent(facts.book, Path(file)) for file in request.start_plans)
    seconds = {"load": time.monotonic() - began}
    policy, options = request.policy, request.options
    outcome = solve_book(
        facts.book,
        policy,
        options,
        seconds,
        precedents=others,
        listings=facts.listings,
        nearest_miss_s=NEAREST_MISS_S,
        listen=listen,
        checkpoint=checkpoint,
    )
    return plan_of(policy, options, outcome, issues, seconds)


def finish(request: CellRequest, checkpoint: Path, stopped_by: str) -> Plan:
    """The best plan that a lost solve of a cell left.

    Raises:
        FileNotFoundError: it was lost before it had begun.
    """
    facts = _facts(request)
    issues = facts.checked(request.policy)
    outcome = finish_book(facts.book, request.policy, request.options, checkpoint, stopped_by)
    return plan_of(request.policy, request.options, outcome, issues, {})


def nothing(request: CellRequest, stopped_by: str) -> Plan:
    """The answer of a solve that was stopped before it had begun."""
    return nothing_found(instance_hash(_facts(request).book.instance), request.policy, request.options, stopped_by)


def _facts(request: CellRequest) -> Facts:
    assert request.problem is not None
    return facts_of(request.problem).turned_out(request.perturbation)


def _precedent(book: Book, file: Path) -> Precedent:
    """The plan in a file and its prices."""
    plan = OfferedPlan.model_validate_json(file.read_bytes())
    seats = start_seats(book, plan.assignments, IssueReport())
    return Precedent(seats, plan.prices, reproducible=plan.reproducible is not False)
