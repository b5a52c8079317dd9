"""`keep_current`: how many relationships, or how much of their revenue, may move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from coverplan.verify.book import Document, Seat, given
from coverplan.verify.case import Case
from coverplan.verify.filters import filtered_accounts, filtered_reps
from coverplan.verify.pairs import Indices
from coverplan.verify.rows import LinearRule, Load, Row
from coverplan.verify.value import Offers

KEPT_LIMITS = ("max_moved", "max_moved_share", "max_moved_revenue_share")


@dataclass
class _Scopes:
    """The groups that one `keep_current` constraint limits: the company, each rep, or each segment."""

    per: str
    names: list[str]

    def __post_init__(self) -> None:
        self.place = {name: number for number, name in enumerate(self.names)}

    def name(self, seat: Seat, rep: str) -> str:
        """The group of a seat with that rep."""
        if self.per == "rep":
            return f"rep:{rep}"
        return f"segment:{seat.account.segment.id}" if self.per == "segment" else "company"


def keep_current(case: Case, spec: Document) -> LinearRule:
    """At least so many stay with their rep, or at most so many come to one, per company, rep or segment."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    reps = filtered_reps(case.book, spec.get("reps"))
    scopes = _Scopes(given(spec, "per", "company"), _scope_names(case, spec, [rep.id for rep in reps]))
    chosen = {rep.id for rep in reps}
    limits = [name for name in (*KEPT_LIMITS, "max_gained") if spec.get(name) is not None]
    rows: list[Row] = []
    makers: list[Callable[[Seat, Offers], Iterator[Load]]] = []
    for name in limits:
        suffix = f"/{name}" if len(limits) > 1 else ""
        first = len(rows)
        if name == "max_gained":
            rows += [Row(scope + suffix, None, float(spec[name])) for scope in scopes.names]
            makers.append(_gained(case, scopes, first, admitted, chosen))
        else:
            kept = _Kept(case, scopes, first, name, admitted, chosen)
            rows += [Row(scope + suffix, bound, None) for scope, bound in kept.bounds(float(spec[name])).items()]
            makers.append(kept.loads)

    def loads(seat: Seat, offers: Offers) -> Iterator[Load]:
        for maker in makers:
            yield from maker(seat, offers)

    return LinearRule(spec, rows, loads)


def _scope_names(case: Case, spec: Document, reps: list[str]) -> list[str]:
    per = given(spec, "per", "company")
    if per == "rep":
        return [f"rep:{rep}" for rep in reps]
    if per == "segment":
        return [f"segment:{label}" for label in dict.fromkeys(account.segment.id for account in case.book.accounts)]
    return ["company"]


@dataclass
class _Kept:
    """Weight of the seats that stay with an admissible current rep."""

    case: Case
    scopes: _Scopes
    first: int
    limit: str
    admitted: list[bool]
    reps: set[str]

    def weight(self, seat: Seat) -> float:
        """1, or the account's revenue; 0 for seats that the limit is not about."""
        if not (self.admitted[seat.account.index] and self.case.can_stay[seat.index] and seat.current in self.reps):
            return 0.0
        return seat.account.revenue if self.limit == "max_moved_revenue_share" else 1.0

    def bounds(self, limit: float) -> dict[str, float]:
        """Least weight that must stay, per group."""
        totals = dict.fromkeys(self.scopes.names, 0.0)
        for seat in self.case.book.seats:
            weight = self.weight(seat)
            if weight:
                totals[self.scopes.name(seat, seat.current or "")] += weight
        if self.limit == "max_moved":
            return {scope: total - limit for scope, total in totals.items()}
        return {scope: (1 - limit) * total for scope, total in totals.items()}

    def loads(self, seat: Seat, offers: Offers) -> Iterator[Load]:
        """The seat's weight at its current rep."""
        weight = self.weight(seat)
        if weight:
            yield (
                self.first + self.scopes.place[self.scopes.name(seat, seat.current or "")],
                np.where(offers.held, weight, 0.0),
            )


def _gained(
    case: Case, scopes: _Scopes, first: int, admitted: list[bool], chosen: set[str]
) -> Callable[[Seat, Offers], Iterator[Load]]:
    """Seats that come to a rep who does not hold them today, forced moves aside."""
    places: dict[str, Indices] = {}

    def places_of(seat: Seat) -> Indices:
        key = seat.account.segment.id if scopes.per == "segment" else ""
        if key not in places:
            places[key] = np.array(
                [first + scopes.place[scopes.name(seat, rep.id)] if rep.id in chosen else -1 for rep in case.book.reps],
                dtype=np.int64,
            )
        return places[key]

    def loads(seat: Seat, offers: Offers) -> Iterator[Load]:
        if admitted[seat.account.index] and not case.forced[seat.index]:
            yield places_of(seat), np.where(offers.held, 0.0, 1.0)

    return loads
