"""Rules that are counted on a whole plan, or that fix or price single seats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from coverplan.verify.book import Document, Seat, given
from coverplan.verify.case import Case, seat_links
from coverplan.verify.filters import filtered_accounts, filtered_reps
from coverplan.verify.rows import CountedRule, Cover, Row


@dataclass(kw_only=True)
class SeatRule(CountedRule):
    """A counted rule about single seats: `binds` says which, `keeps` whether it asks for the current rep."""

    binds: list[bool]
    keeps: bool


def _seat_rule(case: Case, spec: Document, keeps: bool, binds: Callable[[Seat], bool]) -> SeatRule:
    flags = [binds(seat) for seat in case.book.seats]
    seats = [seat for seat in case.book.seats if flags[seat.index]]

    def count(cover: Cover) -> list[float]:
        obeyed = (cover[s.index] == case.holder(s) if keeps else cover[s.index] >= 0 for s in seats)
        return [float(sum(obeyed))]

    row = Row("company", float(len(seats)), None)
    return SeatRule(spec=spec, rows=[row], binds=flags, keeps=keeps, count=count)


def protect(case: Case, spec: Document) -> SeatRule:
    """Filtered seats whose current rep may stay keep that rep."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    return _seat_rule(case, spec, True, lambda seat: admitted[seat.account.index] and case.can_stay[seat.index])


def must_cover(case: Case, spec: Document) -> SeatRule:
    """Filtered seats are covered."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    return _seat_rule(case, spec, False, lambda seat: admitted[seat.account.index])


def family(case: Case, spec: Document) -> CountedRule:
    """Children share their parent's rep, per role that both have."""
    links = list(seat_links(case.book, spec))
    hard = spec.get("penalty") is None

    def differs(cover: Cover, child: int, parent: int) -> bool:
        return cover[child] != cover[parent] and (hard or cover[child] >= 0)

    def count(cover: Cover) -> list[float]:
        return [float(sum(differs(cover, child, parent) for child, parent in links))]

    return CountedRule(spec, [Row("company", None, 0.0)], count=count)


def same_team(case: Case, spec: Document) -> CountedRule:
    """Two roles of one account are covered by reps of one pod."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    pods = [rep.pod for rep in case.book.reps]
    teams: dict[int, list[int]] = {}
    for seat in case.book.seats:
        if admitted[seat.account.index]:
            teams.setdefault(seat.account.index, []).append(seat.index)

    def split(cover: Cover, first: int, second: int) -> bool:
        return cover[first] >= 0 and cover[second] >= 0 and pods[cover[first]] != pods[cover[second]]

    def count(cover: Cover) -> list[float]:
        return [float(sum(split(cover, a, b) for seats in teams.values() for a, b in combinations(seats, 2)))]

    return CountedRule(spec, [Row("company", None, 0.0)], count=count)


def spread(case: Case, spec: Document) -> CountedRule:
    """At most so many different territories, or industries, in one rep's book."""
    admitted = filtered_accounts(case.book, spec.get("accounts"))
    reps = filtered_reps(case.book, spec.get("reps"))
    by_industry = given(spec, "by", "territory") == "industry"

    def count(cover: Cover) -> list[float]:
        books: dict[int, set[str]] = {}
        for seat in case.book.seats:
            label = seat.account.industry if by_industry else seat.account.territory
            if label is not None and admitted[seat.account.index]:
                books.setdefault(cover[seat.index], set()).add(label)
        return [float(len(books.get(rep.index, ()))) for rep in reps]

    return CountedRule(spec, [Row(f"rep:{rep.id}", None, float(spec["max"])) for rep in reps], count=count)
