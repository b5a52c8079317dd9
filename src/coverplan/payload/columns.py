"""From the problem document to the instance: defaults filled in, ids mapped to integers once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from coverplan.domain.instance import (
    ACTIVE,
    HIRED,
    OPEN,
    Accounts,
    Current,
    Dates,
    ExplicitPairs,
    Fit,
    Floats,
    Instance,
    Ints,
    Managers,
    Ragged,
    Reps,
    Segments,
    Territories,
    texts,
)
from coverplan.payload.problem import (
    DEFAULT_SEGMENT,
    Account,
    Location,
    Manager,
    Pair,
    Problem,
    Rep,
    Segment,
    Territory,
)
from coverplan.payload.problem import Fit as FitEntry

STATUS = {"active": ACTIVE, "hired": HIRED, "open": OPEN}
ADMITTED = {None: -1, False: 0, True: 1}
HISTORY_YEARS = 3

Codes = dict[str, int]
Item = TypeVar("Item")


class Vocabulary(NamedTuple):
    """Every name that others refer to, with its position."""

    roles: Codes
    segments: Codes
    territories: Codes
    managers: Codes
    pods: Codes
    reps: Codes
    accounts: Codes
    industries: Codes
    skills: Codes
    tags: Codes


def to_instance(problem: Problem) -> Instance:
    """The instance of a problem that `check` found free of errors."""
    names = vocabulary_of(problem)
    return assembled(
        problem,
        names,
        accounts=_accounts(problem.accounts, names),
        current=_current(problem.accounts, with_default(problem.segments), names),
        fit=_fit(problem.fit, names),
        pairs=_pairs(problem.pairs, names),
    )


def assembled(
    problem: Problem, names: Vocabulary, *, accounts: Accounts, current: Current, fit: Fit, pairs: ExplicitPairs
) -> Instance:
    """The instance of a problem's horizon, coverage model and staff, with columns for the rest."""
    return Instance(
        start=np.datetime64(problem.horizon.start, "D"),
        months=problem.horizon.months,
        currency=problem.currency,
        roles=tuple(names.roles),
        industries=tuple(names.industries),
        skills=tuple(names.skills),
        tags=tuple(names.tags),
        pods=tuple(names.pods),
        segments=segments_of(with_default(problem.segments), names),
        territories=_territories(problem.territories, names),
        managers=_managers(problem.managers, names),
        reps=_reps(problem.reps, names),
        accounts=accounts,
        current=current,
        fit=fit,
        pairs=pairs,
    )


def with_default(segments: Sequence[Segment]) -> list[Segment]:
    """The coverage model with the implicit segment `default`, unless it is given."""
    given = any(segment.id == DEFAULT_SEGMENT for segment in segments)
    return [*segments] if given else [*segments, Segment(id=DEFAULT_SEGMENT)]


def revenue_shares(segment: Segment) -> list[float]:
    """Share of the revenue per role: as given, else the share of hours, else equal."""
    given = [need.revenue_share for need in segment.roles if need.revenue_share is not None]
    if given:
        return given
    hours = [need.hours for need in segment.roles]
    total = sum(hours)
    return [each / total for each in hours] if total > 0 else [1 / len(hours)] * len(hours)


def vocabulary_of(problem: Problem) -> Vocabulary:
    """Every name of a problem, in the order of first appearance."""
    coverage = with_default(problem.segments)
    accounts, reps = problem.accounts, problem.reps
    industries = [account.industry for account in accounts] + [entry.industry for entry in problem.fit]
    skills = [account.required_skills for account in accounts] + [rep.skills for rep in reps]
    return Vocabulary(
        roles=_codes([need.role for segment in coverage for need in segment.roles] + [rep.role for rep in reps]),
        segments=_codes(segment.id for segment in coverage),
        territories=_codes(territory.id for territory in problem.territories),
        managers=_codes(manager.id for manager in problem.managers),
        pods=_codes(_pod(rep) for rep in reps),
        reps=_codes(rep.id for rep in reps),
        accounts=_codes(account.id for account in accounts),
        industries=_codes(industry for industry in industries if industry is not None),
        skills=_codes(skill for owned in skills for skill in owned),
        tags=_codes(tag for account in accounts for tag in account.tags),
    )


def _pod(rep: Rep) -> str:
    """The pod's label; a rep without pod and manager has one that no label can equal."""
    return rep.pod or rep.manager_id or f"rep\n{rep.id}"


def _codes(names: Iterable[str]) -> Codes:
    """Names to positions, in the order of first appearance."""
    return {name: code for code, name in enumerate(dict.fromkeys(names))}


def _floats(items: Sequence[Item], number: Callable[[Item], float | None]) -> Floats:
    return np.fromiter((np.nan if (one := number(item)) is None else one for item in items), np.float64, len(items))


def _references(items: Sequence[Item], name: Callable[[Item], str | None], codes: Codes) -> Ints:
    """Position of what each item names; -1 for none, or for a name that is not there."""
    return np.fromiter((codes.get(name(item) or "", -1) for item in items), np.int32, len(items))


def _ragged(items: Sequence[Item], names: Callable[[Item], list[str]], codes: Codes) -> Ragged:
    return Ragged.of([[codes[name] for name in dict.fromkeys(names(item))] for item in items])


def _dates(dates: Sequence[dt.date | None]) -> Dates:
    return np.array(dates, "datetime64[D]") if dates else np.empty(0, "datetime64[D]")


def _names(items: Sequence[Account | Rep | Territory | Manager]) -> tuple[str, ...]:
    return tuple(item.id if item.name is None else item.name for item in items)


def _latitude(item: Account | Rep) -> float | None:
    location: Location | None = item.location
    return None if location is None else location.lat


def _longitude(item: Account | Rep) -> float | None:
    location: Location | None = item.location
    return None if location is None else location.lon


def segments_of(segments: Sequence[Segment], names: Vocabulary) -> Segments:
    needs = [need for segment in segments for need in segment.roles]
    first = [position == 0 for segment in segments for position in range(len(segment.roles))]
    weights = [
        float(primary) if need.relationship_weight is None else need.relationship_weight
        for need, primary in zip(needs, first, strict=True)
    ]
    return Segments(
        ids=tuple(segment.id for segment in segments),
        roles=Ragged.of([[names.roles[need.role] for need in segment.roles] for segment in segments]),
        role_hours=_floats(needs, lambda need: need.hours),
        role_share=np.asarray([share for segment in segments for share in revenue_shares(segment)], np.float64),
        role_weight=np.asarray(weights, np.float64),
        cycle_days=_floats(segments, lambda segment: segment.cycle_days),
        conversion=_floats(segments, lambda segment: segment.conversion),
        self_serve_share=_floats(segments, lambda segment: segment.self_serve_share),
        relationship_loss=_floats(segments, lambda segment: segment.relationship_loss),
    )


def _territories(territories: list[Territory], names: Vocabulary) -> Territories:
    return Territories(
        ids=tuple(names.territories),
        names=_names(territories),
        parent=_references(territories, lambda one: one.parent_id, names.territories),
        revenue_target=_floats(territories, lambda one: one.revenue_target),
    )


def _managers(managers: list[Manager], names: Vocabulary) -> Managers:
    return Managers(
        ids=tuple(names.managers),
        names=_names(managers),
        manager=_references(managers, lambda one: one.manager_id, names.managers),
    )


def _reps(reps: list[Rep], names: Vocabulary) -> Reps:
    return Reps(
        ids=tuple(rep.id for rep in reps),
        names=_names(reps),
        role=_references(reps, lambda rep: rep.role, names.roles),
        manager=_references(reps, lambda rep: rep.manager_id, names.managers),
        pod=_references(reps, _pod, names.pods),
        territories=_ragged(reps, lambda rep: rep.territory_ids, names.territories),
        segments=_ragged(reps, lambda rep: rep.segments, names.segments),
        skills=_ragged(reps, lambda rep: rep.skills, names.skills),
        lat=_floats(reps, _latitude),
        lon=_floats(reps, _longitude),
        status=np.fromiter((STATUS[rep.status] for rep in reps), np.int8, len(reps)),
        start_date=_dates([rep.start_date for rep in reps]),
        end_date=_dates([rep.end_date for rep in reps]),
        ramp=Ragged.of_floats([rep.ramp or [] for rep in reps]),
        capacity_hours=_floats(reps, lambda rep: rep.capacity_hours),
        quota=_floats(reps, lambda rep: rep.quota),
        cost=_floats(reps, lambda rep: rep.cost),
    )


def _accounts(accounts: list[Account], names: Vocabulary) -> Accounts:
    count = len(accounts)
    return Accounts(
        ids=texts(account.id for account in accounts),
        names=texts(_names(accounts)),
        parent=_references(accounts, lambda one: one.parent_id, names.accounts),
        territory=_references(accounts, lambda one: one.territory_id, names.territories),
        segment=_references(accounts, lambda one: one.segment, names.segments),
        industry=_references(accounts, lambda one: one.industry, names.industries),
        customer=np.fromiter((one.kind == "customer" for one in accounts), np.bool_, count),
        history=_history(accounts),
        last_year_months=_floats(accounts, lambda one: one.last_year_months),
        expected_revenue=_floats(accounts, lambda one: one.expected_revenue),
        potential=_floats(accounts, lambda one: one.potential),
        hours=_floats(accounts, lambda one: one.hours),
        strength=_floats(accounts, lambda one: one.relationship_strength),
        open_opportunity=np.fromiter((one.open_opportunity for one in accounts), np.bool_, count),
        locked=np.fromiter((one.locked for one in accounts), np.bool_, count),
        lat=_floats(accounts, _latitude),
        lon=_floats(accounts, _longitude),
        skills=_ragged(accounts, lambda one: one.required_skills, names.skills),
        tags=_ragged(accounts, lambda one: one.tags, names.tags),
    )


def _history(accounts: list[Account]) -> Floats:
    """Revenue of the last three years, newest first, NaN where the history is shorter."""
    history = np.full((len(accounts), HISTORY_YEARS), np.nan)
    for row, account in enumerate(accounts):
        if account.revenue_history:
            recent = account.revenue_history[: -HISTORY_YEARS - 1 : -1]
            history[row, : len(recent)] = recent
    return history


def _current(accounts: list[Account], segments: list[Segment], names: Vocabulary) -> Current:
    first_role = [names.roles[segment.roles[0].role] for segment in segments]
    entries = [(row, account, entry) for row, account in enumerate(accounts) for entry in account.current]
    return Current(
        account=np.fromiter((row for row, _, _ in entries), np.int32, len(entries)),
        role=np.fromiter(
            (
                first_role[names.segments[account.segment]] if entry.role is None else names.roles[entry.role]
                for _, account, entry in entries
            ),
            np.int32,
            len(entries),
        ),
        rep=np.fromiter((names.reps.get(entry.rep_id, -1) for _, _, entry in entries), np.int32, len(entries)),
        rep_ids=texts(entry.rep_id for _, _, entry in entries),
        since=_dates([entry.since for _, _, entry in entries]),
    )


def _fit(fit: list[FitEntry], names: Vocabulary) -> Fit:
    return Fit(
        rep=_references(fit, lambda entry: entry.rep_id, names.reps),
        account=_references(fit, lambda entry: entry.account_id, names.accounts),
        segment=_references(fit, lambda entry: entry.segment, names.segments),
        industry=_references(fit, lambda entry: entry.industry, names.industries),
        multiplier=_floats(fit, lambda entry: entry.multiplier),
    )


def _pairs(pairs: list[Pair], names: Vocabulary) -> ExplicitPairs:
    return ExplicitPairs(
        account=_references(pairs, lambda pair: pair.account_id, names.accounts),
        rep=_references(pairs, lambda pair: pair.rep_id, names.reps),
        value=_floats(pairs, lambda pair: pair.value),
        hours=_floats(pairs, lambda pair: pair.hours),
        eligible=np.fromiter((ADMITTED[pair.eligible] for pair in pairs), np.int8, len(pairs)),
    )
