"""One problem under one policy: weights, merged seats, who may stay, who must."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coverplan.verify.book import Account, Book, Document, Seat, given
from coverplan.verify.filters import filtered_accounts
from coverplan.verify.pairs import Flags
from coverplan.verify.reading import read_book
from coverplan.verify.value import Access, Crew, Market, Offers

DEFAULT_CONSTRAINTS: tuple[Document, ...] = (
    {"kind": "capacity"},
    {"kind": "balance", "measure": "revenue", "tolerance": 0.15, "penalty": 0.2},
    {"kind": "keep_current", "max_moved_revenue_share": 0.1, "penalty": 10.0},
)
REMEMBERED_PAIRS = 200_000


@dataclass(frozen=True)
class Weights:
    """Weights of the objective's terms."""

    revenue: float
    loss: float
    km: float


def constraint_specs(policy: Document) -> list[Document]:
    """The constraints in force, each with its id: given, else its kind, then `kind-2`, `kind-3`..."""
    specs: list[Document] = []
    seen: dict[str, int] = {}
    for spec in given(policy, "constraints", DEFAULT_CONSTRAINTS):
        seen[spec["kind"]] = number = seen.get(spec["kind"], 0) + 1
        name = spec["kind"] if number == 1 else f"{spec['kind']}-{number}"
        specs.append({**spec, "id": given(spec, "id", name)})
    return specs


def family_links(book: Book, spec: Document) -> Iterator[tuple[Account, Account]]:
    """Child and parent of every link that a `family` constraint is about."""
    admitted = filtered_accounts(book, spec.get("accounts"))
    for child in book.accounts:
        place = None if child.parent is None else book.account_index.get(child.parent)
        if place is None or not (admitted[child.index] and admitted[place]):
            continue
        parent = book.accounts[place]
        if given(spec, "within", "company") != "territory" or child.territory == parent.territory:
            yield child, parent


def seat_links(book: Book, spec: Document) -> Iterator[tuple[int, int]]:
    """Seats of child and parent, per role that both have."""
    for child, parent in family_links(book, spec):
        for offset, role in enumerate(child.segment.roles):
            place = book.seat_of(parent.id, role.name)
            if place is not None:
                yield child.first_seat + offset, place


class Case:
    """A problem and a policy, ready to judge assignments. Nothing here depends on a plan."""

    def __init__(self, problem: Document, policy: Document | None) -> None:
        policy = policy or {}
        self.book = read_book(problem)
        self.market = Market(self.book, given(policy, "candidates", {}))
        weights = given(policy, "objective", {})
        self.weights = Weights(
            revenue=float(given(weights, "expected_revenue", 1.0)),
            loss=float(given(weights, "relationship_loss", 1.0)),
            km=float(given(weights, "travel_cost_per_km", 0.0)),
        )
        self.specs = constraint_specs(policy)
        self._remembered: dict[tuple[int, int], Offers] = {}
        self._small = len(self.book.seats) * len(self.book.reps) <= REMEMBERED_PAIRS
        self.units = self._merge()
        self.unit_of = np.empty(len(self.book.seats), dtype=np.int64)
        for number, unit in enumerate(self.units):
            for place in unit:
                self.unit_of[place] = number
        self.reachable = [False] * len(self.book.seats)
        self.can_stay = [False] * len(self.book.seats)
        self._look_at_each_seat()
        self.forced = [seat.current is not None and not self.can_stay[seat.index] for seat in self.book.seats]
        self.locked = [seat.account.locked and self.can_stay[seat.index] for seat in self.book.seats]

    def crews(self, seats: Sequence[int]) -> list[tuple[Seat, Crew]]:
        """The seats, and the same reps for all of them: whoever may be admissible for any."""
        members = [self.book.seats[place] for place in seats]
        crews = [self.market.candidates(seat) for seat in members]
        if len(members) == 1:
            return [(members[0], crews[0])]
        reps = np.unique(np.concatenate([crew.reps for crew in crews]))
        return [(seat, self.market.crew(seat, reps)) for seat in members]

    def offers(self, seats: Sequence[int]) -> list[Offers]:
        """The seats as each of the same reps would fill them; nobody else is admissible for any."""
        return [self.market.offers(seat, crew) for seat, crew in self.crews(seats)]

    def offer(self, place: int, rep: int) -> Offers:
        """A seat as one rep, admissible or not, would fill it; small problems remember the answer."""
        found = self._remembered.get((place, rep))
        if found is None:
            seat = self.book.seats[place]
            found = self.market.offers(seat, self.market.crew(seat, np.array([rep], dtype=np.int64)))
            if self._small:
                self._remembered[place, rep] = found
        return found

    def _merge(self) -> list[tuple[int, ...]]:
        """Seats that hard `family` constraints tie together: same role, linked accounts."""
        leader = list(range(len(self.book.accounts)))

        def find(place: int) -> int:
            while leader[place] != place:
                leader[place] = leader[leader[place]]
                place = leader[place]
            return place

        for spec in self.specs:
            if spec["kind"] == "family" and spec.get("penalty") is None:
                for child, parent in family_links(self.book, spec):
                    leader[find(child.index)] = find(parent.index)
        units: dict[tuple[int, str], list[int]] = {}
        for seat in self.book.seats:
            units.setdefault((find(seat.account.index), seat.role.name), []).append(seat.index)
        return [tuple(unit) for unit in units.values()]

    def admissible(self, members: Sequence[Access]) -> Flags:
        """Which of the reps may fill a unit: strictly possible for all, and allowed for all or the holder of one."""
        strict, allowed, held = members[0].strict, members[0].rules, members[0].held
        for access in members[1:]:
            strict, allowed, held = strict & access.strict, allowed & access.rules, held | access.held
        return strict & (allowed | held)

    def _look_at_each_seat(self) -> None:
        for unit in self.units:
            members = [self.market.access(seat, crew) for seat, crew in self.crews(unit)]
            flags = self.admissible(members)
            for place, access in zip(unit, members, strict=True):
                self.reachable[place] = bool(flags.any())
                self.can_stay[place] = bool((flags & access.held).any())

    def holder(self, seat: Seat) -> int:
        """Index of the current rep, -1 where there is none or the rep has left."""
        return self.market.holder(seat)
