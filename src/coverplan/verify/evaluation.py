"""What an assignment is worth and which rules it breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coverplan.verify.book import Document
from coverplan.verify.case import Case
from coverplan.verify.pairs import Flags, Floats
from coverplan.verify.rows import CountedRule, LinearRule, Row, Sums
from coverplan.verify.rules import build_rules
from coverplan.verify.value import Offers

Term = tuple[str, str | None]
"""The term, and the id of the soft constraint whose penalty it is."""


@dataclass(frozen=True)
class Failure:
    """Something that does not hold, in a plain sentence."""

    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True)
class RowState:
    """One row measured on an assignment."""

    id: str
    kind: str
    row: Row
    activity: float
    rate: float | None
    size: float
    """What the row adds up to, signs aside."""

    @property
    def violation(self) -> float:
        """By how much a bound is missed."""
        return self.row.violation(self.activity)

    @property
    def penalty(self) -> float:
        """What the violation costs; 0 on a hard row."""
        return 0.0 if self.rate is None else self.rate * self.violation

    @property
    def broken(self) -> bool:
        """Whether it is a hard row that misses a bound by more than the tolerance."""
        return self.rate is None and self.row.breached(self.activity, self.size)


@dataclass(frozen=True, eq=False)
class Filled:
    """What each covered seat brings: value less loss, the loss itself, and the hours it takes; 0 where uncovered.

    `waits`: its holder works on it until the new rep starts; `interim_hours` is what that takes of the holder.
    """

    net: Floats
    loss: Floats
    hours: Floats
    waits: Flags
    interim_hours: Floats


@dataclass(frozen=True)
class Evaluation:
    """The recomputed objective, its terms, all rows, the hard rules that are broken, and what each seat brings."""

    objective: float
    terms: dict[Term, float]
    rows: dict[tuple[str, str], RowState]
    hard_violations: list[Failure]
    filled: Filled

    @property
    def feasible(self) -> bool:
        """Whether no hard rule is broken."""
        return not self.hard_violations


class Judge:
    """Judges any number of assignments of one problem under one policy."""

    def __init__(self, problem: Document, policy: Document | None) -> None:
        self.case = Case(problem, policy)
        self.rules = build_rules(self.case)

    def evaluate(self, assignments: Iterable[dict[str, Any]]) -> Evaluation:
        """Evaluate assignments of account, role (absent or null: the first) and rep; other seats are uncovered."""
        cover, failures = self.read_cover(assignments)
        return self.evaluate_cover(cover, failures)

    def read_cover(self, assignments: Iterable[dict[str, Any]]) -> tuple[list[int], list[Failure]]:
        """The rep of each seat, -1 where nobody covers it, and the entries that name nothing or repeat a seat."""
        book = self.case.book
        cover, failures = [-1] * len(book.seats), []
        for entry in assignments:
            account, role, rep = (str(entry.get(key)) for key in ("account_id", "role", "rep_id"))
            if entry.get("role") is None and account in book.account_index:
                role = book.accounts[book.account_index[account]].segment.roles[0].name
            seat = book.seat_of(account, role)
            if seat is None:
                failures.append(Failure("unknown_seat", f"there is no seat of account {account!r} for role {role!r}"))
            elif rep not in book.rep_index:
                failures.append(Failure("unknown_rep", f"{book.seats[seat].name}: there is no rep {rep!r}"))
            elif cover[seat] >= 0:
                failures.append(Failure("seat_repeated", f"{book.seats[seat].name} is assigned more than once"))
            else:
                cover[seat] = book.rep_index[rep]
        return cover, failures

    def evaluate_cover(self, cover: list[int], unreadable: Sequence[Failure] = ()) -> Evaluation:
        """Evaluate an assignment given as the rep of each seat."""
        broken = list(unreadable)
        sums = {rule.id: Sums([0.0] * len(rule.rows), [0.0] * len(rule.rows)) for rule in self.rules}
        linear = [rule for rule in self.rules if isinstance(rule, LinearRule)]
        net, losses, hours, interim = (np.zeros(len(cover)) for _ in range(4))
        waits = np.zeros(len(cover), dtype=bool)
        revenue = loss = km = 0.0
        for unit in self.case.units:
            offers, failures = self._look_at(unit, cover)
            broken += failures
            for place in unit:
                seat, offer = self.case.book.seats[place], offers.get(place)
                if offer is None:
                    revenue += seat.self_served
                    for rule in linear:
                        rule.add_unfilled(sums[rule.id], seat)
                    continue
                value, lost = float(offer.value[0]), float(offer.loss[0])
                net[place], losses[place], hours[place] = value - lost, lost, offer.hours[0]
                waits[place], interim[place] = offer.interim[0] > 0, offer.interim_hours[0]
                revenue += value
                loss += lost
                km += float(offer.km[0])
                for rule in linear:
                    rule.add(sums[rule.id], seat, offer)
        for counted in (rule for rule in self.rules if isinstance(rule, CountedRule)):
            counts = counted.count(cover)
            sums[counted.id] = Sums(counts, counts)
        rows = self._measure(sums)
        broken += [_breach(state) for state in rows.values() if state.broken]
        terms = self._ledger(revenue, loss, km, rows)
        return Evaluation(sum(terms.values()), terms, rows, broken, Filled(net, losses, hours, waits, interim))

    def _ledger(
        self, revenue: float, loss: float, km: float, rows: dict[tuple[str, str], RowState]
    ) -> dict[Term, float]:
        """The terms of the objective, also those that are 0; travel only where it has a weight."""
        weights = self.case.weights
        terms: dict[Term, float] = {
            ("expected_revenue", None): weights.revenue * revenue,
            ("relationship_loss", None): 0.0 - weights.loss * loss,
        }
        if weights.km:
            terms["travel_cost", None] = 0.0 - weights.km * km
        for rule in self.rules:
            if rule.penalty is not None:
                terms["penalty", rule.id] = 0.0 - sum(rows[rule.id, row.scope].penalty for row in rule.rows)
        return terms

    def _measure(self, sums: dict[str, Sums]) -> dict[tuple[str, str], RowState]:
        return {
            (rule.id, row.scope): RowState(rule.id, rule.kind, row, activity, rule.penalty, size)
            for rule in self.rules
            for row, activity, size in zip(rule.rows, sums[rule.id].activities, sums[rule.id].sizes, strict=True)
        }

    def _look_at(self, unit: tuple[int, ...], cover: list[int]) -> tuple[dict[int, Offers], list[Failure]]:
        """What the covered seats of a unit bring; what admissibility, locks and merged seats do not allow."""
        case, failures = self.case, []
        offers: dict[int, Offers] = {}
        chosen = {cover[place] for place in unit}
        for rep in chosen - {-1}:
            members = {place: case.offer(place, rep) for place in unit}
            mine = [place for place in unit if cover[place] == rep]
            offers |= {place: members[place] for place in mine}
            if not case.admissible(list(members.values()))[0]:
                name = case.book.reps[rep].id
                failures += [
                    Failure("not_admissible", f"{case.book.seats[place].name}: rep {name!r} is not admissible")
                    for place in mine
                ]
        for place in unit:
            seat = case.book.seats[place]
            if case.locked[place] and cover[place] != case.holder(seat):
                failures.append(Failure("lock_broken", f"{seat.name} is locked to rep {seat.current!r}"))
        if len(chosen) > 1:
            names = "; ".join(case.book.seats[place].name for place in unit)
            failures.append(Failure("family_split", f"one family has more than one rep: {names}"))
        return offers, failures


def _breach(state: RowState) -> Failure:
    row = state.row
    return Failure(
        "hard_row_violated",
        f"constraint {state.id!r}, {row.scope}: activity {state.activity:.12g} is outside "
        f"[{'-inf' if row.lower is None else format(row.lower, '.12g')}, "
        f"{'inf' if row.upper is None else format(row.upper, '.12g')}]",
    )


def evaluate_assignment(problem: Document, policy: Document | None, assignments: list[dict[str, Any]]) -> Evaluation:
    """Evaluate one assignment; see `Judge` to evaluate many of the same problem."""
    return Judge(problem, policy).evaluate(assignments)


def breakdown(problem: Document, policy: Document | None, account_id: str, role: str, rep_id: str) -> dict[str, Any]:
    """Everything that goes into the worth of one pair."""
    case = Case(problem, policy)
    place, rep = case.book.seat_of(account_id, role), case.book.rep_index[rep_id]
    if place is None:
        raise KeyError((account_id, role))
    seat, offer = case.book.seats[place], case.offer(place, rep)
    account = seat.account
    flags = case.admissible([case.offer(member, rep) for member in case.units[case.unit_of[place]]])
    value, loss, km = float(offer.value[0]), float(offer.loss[0]), float(offer.km[0])
    weights = case.weights
    return {
        "admissible": bool(flags[0]),
        "existing": account.existing,
        "new": account.new,
        "revenue_share": seat.role.revenue_share,
        "fit": float(offer.fit[0]),
        "active": case.book.reps[rep].active,
        "timing": float(offer.timing[0]),
        "interim": float(offer.interim[0]),
        "interim_hours": float(offer.interim_hours[0]),
        "self_serve_share": account.segment.self_serve_share,
        "value": value,
        "relationship_loss": loss,
        "expected_revenue": value - loss,
        "km": km,
        "hours": float(offer.hours[0]),
        "objective": weights.revenue * value - weights.loss * loss - weights.km * km,
    }
