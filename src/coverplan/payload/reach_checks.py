"""What can be had at all: forced moves, seats without reps, and conditions that every plan must meet.

Each condition is necessary, none sufficient: a problem without such warnings may still be infeasible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coverplan.constraints import Constraint
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.components import components
from coverplan.domain.eligibility import CandidateRules
from coverplan.domain.geography import lineage
from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.domain.listing import Listings
from coverplan.mip.feasibility import tolerance
from coverplan.mip.rows import RowBlock
from coverplan.payload.issues import MAX_ISSUES, IssueReport, pointer
from coverplan.payload.policy import Policy

TOLERANCE = 1e-9
MAX_REACH = 50_000_000


@dataclass(frozen=True, eq=False)
class Reach:
    """The admissible pairs, and what the hard rules leave of capacity and choice."""

    pairs: Candidates
    rules: Sequence[Constraint]
    per_seat: int | None
    """How many reps per seat enter the program; None: all."""

    @classmethod
    def of(cls, book: Book, policy: Policy, listings: Listings | None = None) -> Reach:
        settings = policy.candidates
        eligible = CandidateRules(None, settings.max_distance_km, settings.respect_territories)
        rules = policy.rules()
        merges = [found for rule in rules if (found := rule.merges(book)) is not None]
        links = np.concatenate(merges) if merges else None
        listing = (listings or Listings(book)).of(eligible, links, 0)
        pairs = listing.candidates() if listing.per_seat is None else Candidates.of(book, eligible, links)
        return cls(pairs, rules, settings.per_seat)

    @cached_property
    def limit(self) -> Floats:
        """Hours per rep that the capacity rules allow, hard or soft; infinite without one."""
        return self._limit(self.rules)

    @cached_property
    def hard_limit(self) -> Floats:
        """Hours per rep that the hard capacity rules allow; infinite without one."""
        return self._limit([rule for rule in self.rules if rule.penalty is None])

    def _limit(self, rules: Sequence[Constraint]) -> Floats:
        limit = np.full(self.pairs.instance.n_reps, np.inf)
        for rule in rules:
            own = rule.hours_limit(self.pairs.book)
            limit = limit if own is None else np.minimum(limit, own)
        return limit

    @cached_property
    def least_hours(self) -> Floats:
        """Per seat the hours it takes of its cheapest admissible rep; 0 without one."""
        least = np.full(len(self.pairs.book.seats), np.inf)
        np.minimum.at(least, self.pairs.seat, self.pairs.hours)
        return np.where(np.isinf(least), 0.0, least)

    @cached_property
    def fixed(self) -> Bools:
        """Per seat: a lock or a hard rule keeps its current rep."""
        book = self.pairs.book
        held = book.instance.accounts.locked.copy()
        for rule in self.rules:
            kept = rule.kept_accounts(book) if rule.penalty is None else None
            if kept is not None:
                held |= kept
        fixed: Bools = held[book.seats.account] & self.pairs.keeps
        return fixed


def check_reach(report: IssueReport, reach: Reach, at_problem: str, at_policy: str) -> None:
    """Warn of what the facts and the hard rules make impossible or force.

    Where pairs were left out, what is possible is not known: only what is forced is told.
    """
    check_families(report, reach, at_problem)
    if report.total_errors:
        return
    _check_locked_hours(report, reach, at_problem)
    if reach.pairs.best_net is None:
        _check_possible(report, reach, at_problem, at_policy)
    _check_inactive(report, reach, at_problem)
    _check_current(report, reach, at_problem)
    _check_seats(report, reach, at_problem)


def _check_possible(report: IssueReport, reach: Reach, at_problem: str, at_policy: str) -> None:
    """Conditions that take all admissible pairs to judge."""
    _check_hours(report, reach, at_problem)
    for row, rule in enumerate(reach.rules):
        if rule.penalty is None:
            place = pointer(at_policy, ["constraints", row])
            _check_must_cover(report, reach, rule, place)
            _check_rows(report, reach, rule, place)
    _check_truncation(report, reach, at_policy)


def check_families(report: IssueReport, reach: Reach, at: str) -> None:
    """Accounts that must share one rep and are fixed to several."""
    book = reach.pairs.book
    for rule in reach.rules:
        links = rule.merges(book)
        if links is None or not len(links):
            continue
        family = components(links[:, 0], links[:, 1], book.instance.n_accounts)
        first: dict[tuple[int, int], int] = {}
        for seat in np.flatnonzero(reach.fixed).tolist():
            account, rep = int(book.seats.account[seat]), int(book.seats.current[seat])
            other = first.setdefault((int(family[account]), int(book.seats.role[seat])), rep)
            if other != rep:
                reps, accounts = book.instance.reps.ids, book.instance.accounts.ids
                place = pointer(at, ["accounts", account, "locked"])
                entity = ("account", accounts[account])
                report.add("family_locked_apart", place, value=reps[rep], entity=entity, other=f'"{reps[other]}"')


def _check_hours(report: IssueReport, reach: Reach, at: str) -> None:
    """Hours needed against hours at hand, for the company and for each territory's subtree, by role."""
    pairs, instance = reach.pairs, reach.pairs.instance
    role, roles = instance.reps.role, len(instance.roles)
    seats = pairs.book.seats
    active = np.where(pairs.book.active > 0, reach.limit, 0.0)
    _report_hours(report, reach, "hours_exceed_capacity", pointer(at, ["reps"]), None,
                  _sums(seats.role, reach.least_hours, roles), _sums(role, active, roles))  # fmt: skip
    count = len(instance.territories.ids)
    if not count or count * instance.n_reps > MAX_REACH or count * count > MAX_REACH:
        return
    territory = instance.accounts.territory[seats.account]
    inside = lineage(instance.territories.parent)
    needed = np.zeros((count, roles))
    np.add.at(needed, (territory[territory >= 0], seats.role[territory >= 0]), reach.least_hours[territory >= 0])
    reached = np.zeros((count, instance.n_reps), np.bool_)
    of_pair = territory[pairs.seat]
    reached[of_pair[of_pair >= 0], pairs.rep[of_pair >= 0]] = True
    for top in range(count):
        own = np.where(reached[inside[:, top]].any(axis=0), active, 0.0)
        place = pointer(at, ["territories", top])
        _report_hours(report, reach, "territory_hours_exceed_capacity", place, instance.territories.ids[top],
                      needed[inside[:, top]].sum(axis=0), _sums(role, own, roles))  # fmt: skip


def _sums(group: Ints, amounts: Floats, groups: int) -> Floats:
    return np.bincount(group, amounts, groups).astype(np.float64)


def _report_hours(
    report: IssueReport, reach: Reach, code: str, place: str, territory: str | None, needed: Floats, capacity: Floats
) -> None:
    entity = None if territory is None else ("territory", territory)
    for role in np.flatnonzero(needed > capacity * (1 + TOLERANCE) + TOLERANCE).tolist():
        name, hours = reach.pairs.instance.roles[role], f"{capacity[role]:,.6g}"
        report.add(code, place, value=round(float(needed[role]), 6), entity=entity, role=name, capacity=hours)


def _check_locked_hours(report: IssueReport, reach: Reach, at: str) -> None:
    pairs = reach.pairs
    held = pairs.is_current & reach.fixed[pairs.seat]
    hours = np.bincount(pairs.rep[held], pairs.hours[held], pairs.instance.n_reps)
    for rep in np.flatnonzero(hours > reach.hard_limit * (1 + TOLERANCE) + TOLERANCE).tolist():
        entity, capacity = ("rep", pairs.instance.reps.ids[rep]), f"{reach.hard_limit[rep]:,.6g}"
        place = pointer(at, ["reps", rep, "capacity_hours"])
        report.add("locks_exceed_capacity", place, value=round(float(hours[rep]), 6), entity=entity, capacity=capacity)


def _check_must_cover(report: IssueReport, reach: Reach, rule: Constraint, place: str) -> None:
    covered = rule.covered_accounts(reach.pairs.book)
    if covered is None:
        return
    pairs, seats, instance = reach.pairs, reach.pairs.book.seats, reach.pairs.instance
    bound = covered[seats.account]
    entity = ("constraint", rule.id)
    without = int((bound & ~pairs.has_rep).sum())
    if without:
        report.add("must_cover_out_of_reach", place, value=without, entity=entity)
    roles = len(instance.roles)
    needed = np.bincount(seats.role[bound], reach.least_hours[bound], roles)
    reached = np.zeros(instance.n_reps, np.bool_)
    reached[pairs.rep[bound[pairs.seat]]] = True
    capacity = np.bincount(instance.reps.role, np.where(reached, reach.hard_limit, 0.0), roles)
    for role in np.flatnonzero(needed > capacity * (1 + TOLERANCE) + TOLERANCE).tolist():
        hours, words = round(float(needed[role]), 6), f"{capacity[role]:,.6g}"
        report.add(
            "must_cover_exceeds_capacity", place, value=hours, entity=entity, role=instance.roles[role], capacity=words
        )


def _check_rows(report: IssueReport, reach: Reach, rule: Constraint, place: str) -> None:
    """Rows whose lower bound lies above everything that any choice of reps could give."""
    block = rule.rows(reach.pairs)
    if block is None or not block.labels:
        return
    most = largest_activity(block, reach.pairs)
    for row in np.flatnonzero(block.lower > most + tolerance(block.lower, np.abs(most))).tolist():
        asked, limit = round(float(block.lower[row]), 6), f"{most[row]:,.6g}"
        entity, scope = ("constraint", rule.id), block.labels[row]
        report.add("bound_out_of_reach", place, value=asked, entity=entity, scope=scope, limit=limit)


def largest_activity(block: RowBlock, pairs: Candidates) -> Floats:
    """The largest activity of each row, every seat chosen for that row alone."""
    seats = len(pairs.book.seats)
    of_choice = block.row.astype(np.int64) * seats + pairs.seat[block.choice]
    of_idle = block.idle_row.astype(np.int64) * seats + block.idle
    keys, entry = np.unique(np.concatenate([of_choice, of_idle]), return_inverse=True)
    best = np.zeros(len(keys))
    np.maximum.at(best, entry, np.concatenate([block.coefficient, block.idle_coefficient]))
    total: Floats = np.bincount(keys // seats, best, len(block.labels)).astype(np.float64)
    return total


def _check_truncation(report: IssueReport, reach: Reach, at: str) -> None:
    if reach.per_seat is not None:
        choices = np.diff(reach.pairs.unit_start)[reach.pairs.unit_of_seat]
        count = int((choices > reach.per_seat).sum())
        if count:
            report.add(
                "truncated_candidates", pointer(at, ["candidates", "per_seat"]), value=reach.per_seat, count=count
            )


def _check_inactive(report: IssueReport, reach: Reach, at: str) -> None:
    ids = reach.pairs.instance.reps.ids
    for rep in np.flatnonzero(reach.pairs.book.active <= 0).tolist():
        report.add("rep_inactive", pointer(at, ["reps", rep]), value=ids[rep], entity=("rep", ids[rep]))


def _check_current(report: IssueReport, reach: Reach, at: str) -> None:
    """Current reps who cannot stay, and locks that hold nobody."""
    pairs, instance, seats = reach.pairs, reach.pairs.instance, reach.pairs.book.seats
    first_entry = np.searchsorted(instance.current.account, np.arange(instance.n_accounts))
    forced = np.flatnonzero(pairs.forced)
    for seat in forced[:MAX_ISSUES].tolist():
        account, entry = int(seats.account[seat]), int(seats.current_entry[seat])
        place = pointer(at, ["accounts", account, "current", entry - int(first_entry[account]), "rep_id"])
        entity, rep = ("account", instance.accounts.ids[account]), instance.current.rep_ids[entry]
        report.add("forced_move", place, value=rep, entity=entity, reason=_why_forced(pairs, seat))
    report.count("forced_move", max(0, len(forced) - MAX_ISSUES))
    loose = np.unique(seats.account[instance.accounts.locked[seats.account] & ~pairs.keeps])
    _report_accounts(report, "locked_without_current", pairs, loose, at, "locked")


def _why_forced(pairs: Candidates, seat: int) -> str:
    seats, rep = pairs.book.seats, int(pairs.book.seats.current[seat])
    if rep < 0:
        return "is not among the reps"
    if pairs.instance.reps.role[rep] != seats.role[seat]:
        return "has another role"
    return "does not work within the horizon" if pairs.book.active[rep] <= 0 else "is excluded by an entry of `pairs`"


def _report_accounts(report: IssueReport, code: str, pairs: Candidates, accounts: Ints, at: str, field: str) -> None:
    for account in accounts[:MAX_ISSUES].tolist():
        name = pairs.instance.accounts.ids[account]
        report.add(code, pointer(at, ["accounts", account, field]), entity=("account", name))
    report.count(code, max(0, len(accounts) - MAX_ISSUES))


def _check_seats(report: IssueReport, reach: Reach, at: str) -> None:
    """Seats that no rep may fill."""
    pairs, seats = reach.pairs, reach.pairs.book.seats
    empty = np.flatnonzero(~pairs.has_rep)
    for seat in empty[:MAX_ISSUES].tolist():
        account = int(seats.account[seat])
        entity = ("account", pairs.instance.accounts.ids[account])
        role = pairs.instance.roles[int(seats.role[seat])]
        report.add("seat_without_rep", pointer(at, ["accounts", account]), value=role, entity=entity)
    report.count("seat_without_rep", max(0, len(empty) - MAX_ISSUES))
