"""Cross-checks of the policy: what it names exists, its bounds agree, and it has something to act on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from coverplan.constraints import Constraint
from coverplan.constraints.filters import AccountFilter, RepFilter
from coverplan.constraints.findings import Finding
from coverplan.payload.columns import with_default
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.method_checks import check_method
from coverplan.payload.penalty_checks import check_penalties
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reach_checks import Reach
from coverplan.payload.references import References

NAMED = {*AccountFilter.references.values(), *RepFilter.references.values()}
"""Codes of ids that rules name."""
ALONE = {"duplicate_id", "duplicate_group", "contradictory_bounds", "missing_limit"}
"""Codes that no problem can cause."""


@dataclass(frozen=True)
class Known:
    """What a policy may name, by issue code, and the amounts it may rely on."""

    by_code: dict[str, Collection[str]]
    targets: dict[str, float | None]
    """Revenue target of each territory."""
    quotas: bool
    """Whether some rep has a quota."""

    @classmethod
    def of(cls, problem: Problem) -> Known:
        """What a whole problem holds."""
        industries = {one.industry for one in problem.accounts if one.industry is not None}
        tags = {tag for account in problem.accounts for tag in account.tags}
        return cls.of_staff(problem, {account.id for account in problem.accounts}, industries, tags)

    @classmethod
    def of_staff(
        cls, problem: Problem, accounts: Collection[str], industries: Collection[str], tags: Collection[str]
    ) -> Known:
        """The same for accounts that are given apart from the problem."""
        coverage = with_default(problem.segments)
        return cls(
            {
                "unknown_segment": {segment.id for segment in coverage},
                "unknown_industry": industries,
                "unknown_tag": tags,
                "unknown_territory": {territory.id for territory in problem.territories},
                "unknown_team": {manager.id for manager in problem.managers},
                "unknown_role": {need.role for segment in coverage for need in segment.roles}
                | {rep.role for rep in problem.reps},
                "unknown_account": accounts,
                "unknown_rep": {rep.id for rep in problem.reps},
            },
            {territory.id: territory.revenue_target for territory in problem.territories},
            any(rep.quota for rep in problem.reps),
        )


def check_alone(report: IssueReport, policy: Policy, at: str) -> None:
    """What is wrong with a policy whatever the problem: ids that stand twice, bounds that contradict each other."""
    found = IssueReport()
    check_policy(found, Known(dict.fromkeys(NAMED, ()), {}, quotas=False), policy, at)
    for issue in found.errors:
        if issue.code in ALONE:
            report.errors.append(issue)
            report.count(issue.code, 1)


def check_policy(report: IssueReport, names: Known, policy: Policy, at: str) -> None:
    """Ids, bounds, targets and quotas; needs no sound problem."""
    references = References(report, at)
    seen: set[str | None] = set()
    for row, rule in enumerate(policy.rules()):
        path, entity = ("constraints", row), ("constraint", rule.id)
        if rule.id in seen:
            report.add("duplicate_id", pointer(at, [*path, "id"]), value=rule.id, entity=entity, kind="constraint")
        seen.add(rule.id)
        place = pointer(at, path)
        _check_limits(report, rule, place)
        _check_names(references, names, rule, path)
        for finding in rule.faults(names):
            _report(report, finding, rule, place)


def _check_names(references: References, names: Known, rule: Constraint, path: tuple[str, int]) -> None:
    """Ids that the rule names."""
    entity = ("constraint", rule.id)
    for named in rule.names():
        known, below = names.by_code[named.code], (*path, *named.path)
        if isinstance(named.ids, str):
            references.known(named.code, named.ids, known, below, entity)
        else:
            references.all_known(named.code, named.ids, known, below, entity)


def _check_limits(report: IssueReport, rule: Constraint, at: str) -> None:
    """Limits that contradict each other, or are missing altogether."""
    entity, given = ("constraint", rule.id), {name: getattr(rule, name) for name in rule.limits}
    for low, least in given.items():
        high = low.replace("min", "max", 1)
        most = given.get(high) if high != low else None
        if least is not None and most is not None and least > most:
            place = pointer(at, [low])
            report.add("contradictory_bounds", place, value=least, entity=entity, low=low, high=high, limit=most)
    if given and all(value is None for value in given.values()):
        report.add("missing_limit", at, entity=entity, choices=", ".join(given))


def _report(report: IssueReport, finding: Finding, rule: Constraint, at: str) -> None:
    place = pointer(at, finding.path)
    words: dict[str, Any] = {**finding.words}
    report.add(finding.code, place, value=finding.value, entity=("constraint", rule.id), **words)


def check_policy_effects(report: IssueReport, reach: Reach, policy: Policy, at: str) -> None:
    """Rules that act on nothing, or on too much."""
    check_method(report, policy, reach.pairs.n_columns, at_policy=at)
    check_penalties(report, reach.pairs, policy, at)
    for row, rule in enumerate(policy.rules()):
        for finding in rule.idle_parts(reach.pairs.book):
            _report(report, finding, rule, pointer(at, ["constraints", row]))
