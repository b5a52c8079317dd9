"""Rules that are sums: one function per kind, from the constraint document to its rows and loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from coverplan.verify.book import Document, Rep, Seat, given
from coverplan.verify.case import Case
from coverplan.verify.filters import filtered_accounts, filtered_reps
from coverplan.verify.pairs import Floats, Indices
from coverplan.verify.rows import LinearRule, Load, Row
from coverplan.verify.value import Offers


def load_of(measure: str, seat: Seat, offers: Offers) -> float | Floats:
    """What a seat adds to a measure, per rep where it depends on the rep."""
    if measure == "hours":
        return offers.hours
    if measure == "expected_revenue":
        return offers.net
    return {"accounts": 1.0, "revenue": seat.account.revenue, "potential": seat.account.potential}[measure]


def row_per_rep(case: Case, reps: list[Rep], first: int = 0) -> Indices:
    """The row of each rep, counted from `first` in the order given; -1 for reps without one."""
    rows = np.full(len(case.book.reps), -1, dtype=np.int64)
    for offset, rep in enumerate(reps):
        rows[rep.index] = first + offset
    return rows


def scaled(bound: float | None, factor: float) -> float | None:
    """A bound times a factor; none stays none."""
    return None if bound is None else bound * factor


def capacity(case: Case, spec: Document) -> LinearRule:
    """Hours of a rep, perhaps with those until the next rep starts, <= utilisation x ramped hours."""
    reps = [rep for rep in filtered_reps(case.book, spec.get("reps")) if rep.capacity is not None]
    rows = row_per_rep(case, reps)
    share = given(spec, "utilisation", 1.0)
    bounds = [Row(f"rep:{rep.id}", None, scaled(rep.capacity, share)) for rep in reps]
    interim = given(spec, "count_interim", False)

    def loads(_seat: Seat, offers: Offers) -> Iterator[Load]:
        yield rows, offers.hours
        if interim and offers.holder >= 0 and rows[offers.holder] >= 0:
            yield int(rows[offers.holder]), offers.interim_hours

    return LinearRule(spec, bounds, loads)


def _per_rep_sum(case: Case, spec: Document, measure: str, reps: list[Rep], rows: list[Row]) -> LinearRule:
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    place = row_per_rep(case, reps)

    def loads(seat: Seat, offers: Offers) -> Iterable[Load]:
        return [(place, load_of(measure, seat, offers))] if admitted[seat.account.index] else []

    return LinearRule(spec, rows, loads)


def account_count(case: Case, spec: Document) -> LinearRule:
    """Number of filtered seats per rep between min and max."""
    reps = filtered_reps(case.book, spec.get("reps"))
    rows = [Row(f"rep:{rep.id}", spec.get("min"), spec.get("max")) for rep in reps]
    return _per_rep_sum(case, spec, "accounts", reps, rows)


def revenue_band(case: Case, spec: Document) -> LinearRule:
    """Base revenue of the filtered seats per rep between min and max, absolute or in quotas."""
    reps = filtered_reps(case.book, spec.get("reps"))
    factors = {rep.id: 1.0 for rep in reps}
    if spec.get("relative_to") == "quota":
        reps = [rep for rep in reps if rep.quota is not None]
        factors = {rep.id: rep.quota or 0.0 for rep in reps}
    rows = [
        Row(f"rep:{rep.id}", scaled(spec.get("min"), factors[rep.id]), scaled(spec.get("max"), factors[rep.id]))
        for rep in reps
    ]
    return _per_rep_sum(case, spec, "revenue", reps, rows)


def goal(case: Case, spec: Document) -> LinearRule:
    """Sum of a measure over filtered accounts with filtered reps, one row."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    place = np.full(len(case.book.reps), -1, dtype=np.int64)
    place[[rep.index for rep in filtered_reps(case.book, spec.get("reps"))]] = 0
    measure, role = given(spec, "measure", "revenue"), spec.get("role")

    def loads(seat: Seat, offers: Offers) -> Iterable[Load]:
        if role is not None:
            counts = seat.role.name == role
        else:
            counts = seat.primary or measure in ("hours", "expected_revenue")
        return [(place, load_of(measure, seat, offers))] if counts and admitted[seat.account.index] else []

    return LinearRule(spec, [Row("company", spec.get("min"), spec.get("max"))], loads)


def book_mix(case: Case, spec: Document) -> LinearRule:
    """Count and share of the filtered accounts in each rep's book."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    reps = filtered_reps(case.book, spec.get("reps"))
    limits: list[tuple[str, float, float | None, float | None]] = []
    if spec.get("min_share") is not None:
        limits.append(("min_share", float(spec["min_share"]), 0.0, None))
    if spec.get("max_share") is not None:
        limits.append(("max_share", float(spec["max_share"]), None, 0.0))
    if spec.get("min_count") is not None or spec.get("max_count") is not None:
        limits.append(("count", 0.0, spec.get("min_count"), spec.get("max_count")))
    rows: list[Row] = []
    places: list[tuple[Indices, float]] = []
    for name, share, lower, upper in limits:
        places.append((row_per_rep(case, reps, len(rows)), share))
        suffix = f"/{name}" if len(limits) > 1 else ""
        rows += [Row(f"rep:{rep.id}{suffix}", lower, upper) for rep in reps]

    def loads(seat: Seat, _offers: Offers) -> Iterator[Load]:
        mine = 1.0 if admitted[seat.account.index] else 0.0
        for place, share in places:
            yield place, mine - share

    return LinearRule(spec, rows, loads)


def exclusive(case: Case, spec: Document) -> LinearRule:
    """At most one account of a group with one rep."""
    rows: list[Row] = []
    groups: list[tuple[list[bool], Indices]] = []
    for group in spec["groups"]:
        place = row_per_rep(case, case.book.reps, len(rows))
        groups.append((filtered_accounts(case.book, group.get("accounts")), place))
        rows += [Row(f"{group['id']}/rep:{rep.id}", None, 1.0) for rep in case.book.reps]

    def loads(seat: Seat, _offers: Offers) -> Iterator[Load]:
        for admitted, place in groups:
            if admitted[seat.account.index]:
                yield place, 1.0

    return LinearRule(spec, rows, loads)


def coverage(case: Case, spec: Document) -> LinearRule:
    """At least a share of the accounts, or of their revenue, of each group has its primary seat covered."""
    book = case.book
    admitted = filtered_accounts(book, spec.get("accounts"))
    measure, per = given(spec, "measure", "accounts"), given(spec, "per", "company")

    def groups_of(seat: Seat) -> tuple[str, ...]:
        if per == "territory":
            return tuple(f"territory:{area}" for area in book.lineage(seat.account.territory))
        return (f"segment:{seat.account.segment.id}",) if per == "segment" else ("company",)

    ids = spec.get("ids")
    wanted = None if ids is None or per == "company" else {f"{per}:{label}" for label in ids}
    totals: dict[str, float] = {}
    for seat in book.seats:
        if seat.primary and admitted[seat.account.index]:
            for group in groups_of(seat):
                totals[group] = totals.get(group, 0.0) + (1.0 if measure == "accounts" else seat.account.revenue)
    groups = [group for group, total in totals.items() if total > 0 and (wanted is None or group in wanted)]
    place = {group: number for number, group in enumerate(groups)}

    def loads(seat: Seat, offers: Offers) -> Iterator[Load]:
        if seat.primary and admitted[seat.account.index]:
            for group in groups_of(seat):
                if group in place:
                    yield place[group], load_of(measure, seat, offers)

    return LinearRule(spec, [Row(group, spec["min_share"] * totals[group], None) for group in groups], loads)


def revenue_target(case: Case, spec: Document) -> LinearRule:
    """Expected revenue, with the self-serve revenue of uncovered seats, of company, teams or territories."""
    book, per, target = case.book, given(spec, "per", "company"), spec.get("target")
    bounds: dict[str, float] = {}
    if per == "company":
        bounds["company"] = target  # type: ignore[assignment]
    elif per == "territory":
        for area, own in book.territory_targets.items():
            if target is not None or own is not None:
                bounds[f"territory:{area}"] = own if target is None else target  # type: ignore[assignment]
    else:
        for rep in book.reps:
            bounds[rep.team] = bounds.get(rep.team, 0.0) + (rep.quota or 0.0) if target is None else target
    ids = spec.get("ids")
    if ids is not None and per != "company":
        bounds = {scope: bound for scope, bound in bounds.items() if scope.partition(":")[2] in ids}
    place = {scope: number for number, scope in enumerate(bounds)}
    team_place = np.array([place.get(rep.team, -1) for rep in book.reps], dtype=np.int64)

    def areas(seat: Seat) -> Iterator[int]:
        scopes = ["company"] if per == "company" else [f"territory:{a}" for a in book.lineage(seat.account.territory)]
        return (place[scope] for scope in scopes if scope in place)

    def loads(seat: Seat, offers: Offers) -> Iterable[Load]:
        return [(team_place, offers.net)] if per == "team" else [(row, offers.net) for row in areas(seat)]

    def unfilled(seat: Seat) -> Iterable[tuple[int, float]]:
        return [] if per == "team" else [(row, seat.self_served) for row in areas(seat)]

    return LinearRule(spec, [Row(scope, bound, None) for scope, bound in bounds.items()], loads, unfilled)
