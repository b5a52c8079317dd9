"""Cross-checks of the policy: what it names exists, its bounds agree, and it has something to act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from coverplan.constraints import (
    AccountCount,
    Balance,
    BookMix,
    Coverage,
    Exclusive,
    Goal,
    KeepCurrent,
    RevenueBand,
    RevenueTarget,
    SameTeam,
)
from coverplan.constraints.base import Constraint
from coverplan.constraints.filters import AccountFilter, RepFilter
from coverplan.payload.columns import with_default
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.method_checks import check_method
from coverplan.payload.penalty_checks import check_penalties
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.reach_checks import Reach
from coverplan.payload.references import References

BOUNDS = (("min", "max"), ("min_share", "max_share"), ("min_count", "max_count"))
LIMITS: dict[type[Constraint], tuple[str, ...]] = {
    AccountCount: ("min", "max"),
    RevenueBand: ("min", "max"),
    Goal: ("min", "max"),
    BookMix: ("min_share", "max_share", "min_count", "max_count"),
    KeepCurrent: ("max_moved", "max_moved_share", "max_moved_revenue_share", "max_gained"),
}
FILTER_CODES = {
    "segment": "unknown_segment",
    "industry": "unknown_industry",
    "tags": "unknown_tag",
    "territory": "unknown_territory",
    "team": "unknown_team",
    "role": "unknown_role",
}
NAMED = ("unknown_account", "unknown_rep", *FILTER_CODES.values())
ALONE = {"duplicate_id", "duplicate_group", "contradictory_bounds", "missing_limit"}
"""Codes that no problem can cause."""

Filter = AccountFilter | RepFilter
Path = list[str | int]


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
    rules = policy.rules()
    seen: set[str | None] = set()
    for row, rule in enumerate(rules):
        path, entity = Path(["constraints", row]), ("constraint", rule.id)
        if rule.id in seen:
            report.add("duplicate_id", pointer(at, [*path, "id"]), value=rule.id, entity=entity, kind="constraint")
        seen.add(rule.id)
        _check_limits(report, rule, pointer(at, path))
        for place, one in filters(rule):
            _check_filter(references, names, one, [*path, *place], entity)
        _check_own_ids(references, names, rule, path)
        _check_amounts(report, names, rule, pointer(at, path))


def filters(rule: BaseModel) -> Iterator[tuple[Path, Filter]]:
    """The filters of a rule, at any depth, with their paths."""
    for name in type(rule).model_fields:
        value = getattr(rule, name)
        for place, one in enumerate(value) if isinstance(value, tuple) else [(None, value)]:
            path: Path = [name] if place is None else [name, place]
            if isinstance(one, AccountFilter | RepFilter):
                yield path, one
            elif isinstance(one, BaseModel):
                yield from (([*path, *inner], found) for inner, found in filters(one))


def _check_filter(
    references: References, names: Known, one: Filter, path: Path, entity: tuple[str, str | None]
) -> None:
    own = "unknown_account" if isinstance(one, AccountFilter) else "unknown_rep"
    for key, code in {**FILTER_CODES, "ids": own}.items():
        listed = getattr(one, key, None)
        if listed is not None:
            references.all_known(code, listed, names.by_code[code], [*path, key], entity)


def _check_own_ids(references: References, names: Known, rule: Constraint, path: Path) -> None:
    """Ids that a rule names outside its filters."""
    entity, known = ("constraint", rule.id), names.by_code
    if isinstance(rule, Balance) and rule.within is not None:
        references.all_known("unknown_territory", rule.within, known["unknown_territory"], [*path, "within"], entity)
    if isinstance(rule, Goal):
        references.known("unknown_role", rule.role, known["unknown_role"], [*path, "role"], entity)
    if isinstance(rule, Coverage | RevenueTarget) and rule.ids is not None:
        code = {"segment": "unknown_segment", "team": "unknown_team"}.get(rule.per, "unknown_territory")
        references.all_known(code, rule.ids, known[code], [*path, "ids"], entity)
    if isinstance(rule, Exclusive):
        counts = Counter(group.id for group in rule.groups)
        for place, group in enumerate(rule.groups):
            if counts[group.id] > 1:
                at = pointer(references.at, [*path, "groups", place, "id"])
                references.report.add("duplicate_group", at, value=group.id, entity=entity)
                counts[group.id] = 0


def _check_limits(report: IssueReport, rule: Constraint, at: str) -> None:
    """Limits that contradict each other, or are missing altogether."""
    entity = ("constraint", rule.id)
    for low, high in BOUNDS:
        least, most = getattr(rule, low, None), getattr(rule, high, None)
        if least is not None and most is not None and least > most:
            place = pointer(at, [low])
            report.add("contradictory_bounds", place, value=least, entity=entity, low=low, high=high, limit=most)
    needed = LIMITS.get(type(rule), ())
    if needed and all(getattr(rule, name) is None for name in needed):
        report.add("missing_limit", at, entity=entity, choices=", ".join(needed))


def _check_amounts(report: IssueReport, names: Known, rule: Constraint, at: str) -> None:
    """Quotas and targets that a rule takes from the problem."""
    entity = ("constraint", rule.id)
    quotas, targets = names.quotas, names.targets
    if isinstance(rule, Balance) and rule.share == "quota" and not quotas:
        report.add("missing_quota", pointer(at, ["share"]), entity=entity)
    if isinstance(rule, RevenueBand) and rule.relative_to == "quota" and not quotas:
        report.add("missing_quota", pointer(at, ["relative_to"]), entity=entity)
    if not isinstance(rule, RevenueTarget) or rule.target is not None:
        return
    if rule.per == "team" and not quotas:
        report.add("missing_quota", pointer(at, ["target"]), entity=entity)
    if rule.per == "territory":
        if rule.ids is None and all(target is None for target in targets.values()):
            report.add("missing_target", pointer(at, ["target"]), value="territories", entity=entity)
        for place, name in enumerate(rule.ids or ()):
            if name in targets and targets[name] is None:
                report.add("missing_target", pointer(at, ["ids", place]), value=name, entity=entity)


def check_policy_effects(report: IssueReport, reach: Reach, policy: Policy, at: str) -> None:
    """Rules that act on nothing, or on too much."""
    book = reach.pairs.book
    check_method(report, policy, reach.pairs.n_columns, at_policy=at)
    check_penalties(report, reach.pairs, policy, at)
    for row, rule in enumerate(policy.rules()):
        entity = ("constraint", rule.id)
        for path, one in filters(rule):
            if one.model_fields_set and not one.mask(book).any():
                kind = "account" if isinstance(one, AccountFilter) else "rep"
                report.add("empty_filter", pointer(at, ["constraints", row, *path]), entity=entity, kind=kind)
        if isinstance(rule, SameTeam) and len(np.unique(book.instance.reps.pod)) == book.instance.n_reps:
            report.add("no_pods", pointer(at, ["constraints", row]), entity=entity)
