"""`balance`: each rep's or team's measure near its fair share of a fixed total."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coverplan.verify.book import Book, Document, Rep, Seat, given
from coverplan.verify.case import Case
from coverplan.verify.filters import fair_shares, filtered_accounts, filtered_reps
from coverplan.verify.linear_rules import load_of
from coverplan.verify.pairs import Indices
from coverplan.verify.rows import LinearRule, Load, Row
from coverplan.verify.value import Offers


@dataclass
class _Part:
    """One area (None: the company) and role, with the seats and reps in it."""

    area: str | None
    role: str
    reps: list[Rep]
    total: float
    place: Indices


def balance(case: Case, spec: Document) -> LinearRule:
    """Activity within +-tolerance of share x total, per area, role and rep or team."""
    book = case.book
    admitted = filtered_accounts(book, spec.get("accounts"))
    reps = filtered_reps(book, spec.get("reps"))
    measure = given(spec, "measure", "revenue")
    areas: list[str | None] = list(given(spec, "within", [None]))
    seats = [seat for seat in book.seats if admitted[seat.account.index]]
    parts: list[_Part] = []
    for area in areas:
        inside = [seat for seat in seats if area is None or book.within(seat.account.territory, area)]
        for role in dict.fromkeys(seat.role.name for seat in inside):
            members = [rep for rep in reps if rep.role == role and _in_area(book, rep, area)]
            total = sum(_size(case, seat, measure) for seat in inside if seat.role.name == role)
            parts.append(_Part(area, role, members, total, np.full(len(book.reps), -1, dtype=np.int64)))
    rows = _rows(spec, parts)
    by_role: dict[str, list[_Part]] = {}
    for part in parts:
        by_role.setdefault(part.role, []).append(part)

    def loads(seat: Seat, offers: Offers) -> Iterator[Load]:
        if admitted[seat.account.index]:
            for part in by_role.get(seat.role.name, ()):
                if part.area is None or book.within(seat.account.territory, part.area):
                    yield part.place, load_of(measure, seat, offers)

    return LinearRule(spec, rows, loads)


def _in_area(book: Book, rep: Rep, area: str | None) -> bool:
    """Whether a rep covers everything, something above the area, the area itself, or something in it."""
    if area is None or not rep.territories:
        return True
    return any(book.within(area, own) or book.within(own, area) for own in rep.territories)


def _size(case: Case, seat: Seat, measure: str) -> float:
    """What a seat adds to the total that is shared; nothing without an admissible rep."""
    if not case.reachable[seat.index]:
        return 0.0
    if measure == "hours":
        return seat.hours
    if measure == "expected_revenue":
        unit = case.units[case.unit_of[seat.index]]
        members = case.offers(unit)
        return max(0.0, float(members[unit.index(seat.index)].net[case.admissible(members)].max()))
    return {"accounts": 1.0, "revenue": seat.account.revenue, "potential": seat.account.potential}[measure]


def _shares(basis: str, reps: list[Rep]) -> list[float]:
    if basis == "equal":
        return fair_shares([None] * len(reps))
    return fair_shares([rep.quota if basis == "quota" else rep.capacity for rep in reps])


def _rows(spec: Document, parts: list[_Part]) -> list[Row]:
    """One row per part and group; each part learns which row every rep loads."""
    tolerance, per_team = given(spec, "tolerance", 0.15), given(spec, "per", "rep") == "team"
    targets: list[tuple[str, _Part, float]] = []
    for part in parts:
        first = len(targets)
        groups: dict[str, float] = {}
        order: dict[str, int] = {}
        for rep, share in zip(part.reps, _shares(given(spec, "share", "capacity"), part.reps), strict=True):
            scope = rep.team if per_team else f"rep:{rep.id}"
            groups[scope] = groups.get(scope, 0.0) + share
            order.setdefault(scope, first + len(order))
            part.place[rep.index] = order[scope]
        targets += [(scope, part, share * part.total) for scope, share in groups.items()]
    scopes = [scope for scope, _, _ in targets]
    qualified = len(set(scopes)) < len(scopes)
    many_areas = len({part.area for _, part, _ in targets}) > 1
    many_roles = len({part.role for _, part, _ in targets}) > 1
    rows = []
    for scope, part, target in targets:
        name = scope
        if qualified and many_areas:
            name += f"/territory:{part.area}"
        if qualified and many_roles:
            name += f"/{part.role}"
        rows.append(Row(name, (1 - tolerance) * target, (1 + tolerance) * target))
    return rows
