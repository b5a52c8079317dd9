"""One problem under one policy: weights, merged seats, who may stay, who must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from coverplan.verify.book import Account, Book, Document, Seat, given, read_book
from coverplan.verify.filters import filtered_accounts
from coverplan.verify.value import Flags, Market, Offers

DEFAULT_CONSTRAINTS: tuple[Document, ...] = (
    {"kind": "capacity"},
    {"kind": "balance", "measure": "revenue", "tolerance": 0.15, "penalty": 0.2},
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
        self._remembered: dict[int, Offers] = {}
        self.blocks = self._merge()
        self.block_of = {seat: number for number, block in enumerate(self.blocks) for seat in block}
        self.reachable = [False] * len(self.book.seats)
        self.can_stay = [False] * len(self.book.seats)
        self._look_at_each_seat()
        self.forced = [seat.current is not None and not self.can_stay[seat.index] for seat in self.book.seats]
        self.locked = [seat.account.locked and self.can_stay[seat.index] for seat in self.book.seats]

    def offers(self, seat: int) -> Offers:
        """The seat as every rep would fill it; small problems remember the answer."""
        if seat in self._remembered:
            return self._remembered[seat]
        offers = self.market.offers(self.book.seats[seat])
        if len(self.book.seats) * len(self.book.reps) <= REMEMBERED_PAIRS:
            self._remembered[seat] = offers
        return offers

    def _merge(self) -> list[list[int]]:
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
        blocks: dict[tuple[int, str], list[int]] = {}
        for seat in self.book.seats:
            blocks.setdefault((find(seat.account.index), seat.role.name), []).append(seat.index)
        return list(blocks.values())

    def admissible(self, members: list[Offers]) -> Flags:
        """Which reps may fill a block: strictly possible for all, and allowed for all or the holder of one."""
        strict = np.logical_and.reduce([offers.strict for offers in members])
        allowed = np.logical_and.reduce([offers.rules for offers in members])
        for offers in members:
            if offers.holder >= 0:
                allowed[offers.holder] = True
        return np.asarray(strict & allowed)

    def _look_at_each_seat(self) -> None:
        for block in self.blocks:
            members = [self.offers(seat) for seat in block]
            flags = self.admissible(members)
            for seat, offers in zip(block, members, strict=True):
                self.reachable[seat] = bool(flags.any())
                self.can_stay[seat] = offers.holder >= 0 and bool(flags[offers.holder])

    def holder(self, seat: Seat) -> int:
        """Index of the current rep, -1 where there is none or the rep has left."""
        return -1 if seat.current is None else self.book.rep_index.get(seat.current, -1)
