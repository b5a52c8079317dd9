"""All cross-checks of a problem and a policy, collected and returned together."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.domain.book import Book
from coverplan.domain.listing import Listings
from coverplan.payload.columns import to_instance
from coverplan.payload.issues import IssueReport
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import Known, check_policy, check_policy_effects
from coverplan.payload.problem import Problem
from coverplan.payload.problem_checks import check_problem
from coverplan.payload.reach_checks import Reach, check_reach


def check(problem: Problem, policy: Policy, at_problem: str = "/problem", at_policy: str = "/policy") -> IssueReport:
    """Everything wrong (errors) or worth knowing before solving (warnings); never solves.

    The warnings need a sound problem and policy: they are left out while there are errors.
    """
    report = check_references(problem, policy, at_problem, at_policy)
    if not report.total_errors:
        _warn(report, Reach.of(Book.of(to_instance(problem)), policy), policy, at_problem, at_policy)
    return report


@dataclass(frozen=True, eq=False)
class Checked:
    """A sound problem in columns, its pairs as far as they were looked at, and the warnings of `check`."""

    book: Book
    listings: Listings
    issues: IssueReport


def checked_book(problem: Problem, policy: Policy) -> Checked:
    """The book of a problem, and the warnings of `check`.

    Raises:
        PayloadError: `check` finds errors.
    """
    report = check_references(problem, policy)
    report.raise_errors()
    book = Book.of(to_instance(problem))
    listings = Listings(book)
    _warn(report, Reach.of(book, policy, listings), policy, "/problem", "/policy")
    report.raise_errors()
    return Checked(book, listings, report)


def _warn(report: IssueReport, reach: Reach, policy: Policy, at_problem: str, at_policy: str) -> None:
    check_policy_effects(report, reach, policy, at_policy)
    check_reach(report, reach, at_problem, at_policy)


def check_references(
    problem: Problem, policy: Policy, at_problem: str = "/problem", at_policy: str = "/policy"
) -> IssueReport:
    """The part of `check` that finds every error: what the documents say of themselves and of each other."""
    report = IssueReport()
    check_problem(report, problem, at_problem)
    check_policy(report, Known.of(problem), policy, at_policy)
    return report
