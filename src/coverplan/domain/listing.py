"""Listings: which admissible pairs enter the program where there are too many for all of them.

All admissible pairs are only ever looked at in parts, whole families at a time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates, unit_keys, units_of
from coverplan.domain.components import components
from coverplan.domain.eligibility import Admission, CandidateRules, Keys
from coverplan.domain.instance import Bools, Ints

PART = 2_000_000
"""Pairs looked at together."""
ALL_UP_TO = 2_000_000
"""Admissible pairs up to which all are listed, unless the policy says otherwise."""
PER_SEAT = 24
"""Reps listed per seat beyond that."""

KEPT = 4
"""Listings of one book that are kept."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The admissible pairs of a book under candidate rules. `links` are accounts whose seats merge, (n, 2)."""

    book: Book
    rules: CandidateRules
    links: Ints | None
    seed: int = 0

    @cached_property
    def admission(self) -> Admission:
        return Admission(self.book, self.rules)

    @cached_property
    def n_admissible(self) -> int:
        """How many pairs the classes of seats admit: distance and explicit pairs can only change it a little."""
        return int(self.admission.counts.sum())

    @property
    def per_seat(self) -> int | None:
        """Most reps listed per seat; None: all."""
        wanted = self.rules.per_seat
        if wanted is None:
            wanted = PER_SEAT if self.n_admissible > ALL_UP_TO else None
        most = int(self.admission.counts.max(initial=0)) + (1 if len(self.book.instance.pairs.account) == 0 else 0)
        truncates = wanted is not None and (most > wanted or len(self.book.instance.pairs.account) > 0)
        return wanted if truncates else None

    def candidates(self, also: Ints | None = None) -> Candidates:
        """The listed pairs; `also` is one further rep per seat (-1: none) that is listed where it is admissible."""
        per_seat = self.per_seat
        if per_seat is None:
            return self._all
        units, n_units = units_of(self.book, self.links)
        kept, best, left_out = [], np.zeros(len(self.book.seats)), False
        for place, (part, _) in enumerate(self.parts()):
            listed = part.shortlist(per_seat, self.seed + place)
            if also is not None:
                listed[part.column[part.rep == also[part.seat]]] = True
            np.maximum.at(best, part.seat, part.value - part.loss)
            kept.append(keys_of(part)[listed])
            left_out |= not listed.all()
        found = Candidates.from_unit_keys(self.book, np.sort(np.concatenate(kept)), units, n_units)
        return replace(found, best_net=best) if left_out else found

    @cached_property
    def _all(self) -> Candidates:
        units, n_units = units_of(self.book, self.links)
        keys = unit_keys(self.book, self.admission.of(), units, n_units)
        return Candidates.from_unit_keys(self.book, keys, units, n_units)

    def parts(self) -> Iterator[tuple[Candidates, Bools]]:
        """All admissible pairs, part by part, and the units of each part: it has no columns of the others."""
        units, n_units = units_of(self.book, self.links)
        for seats in self._seats():
            keys = unit_keys(self.book, self.admission.of(np.sort(seats)), units, n_units)
            mine = np.zeros(n_units, np.bool_)
            mine[units[seats]] = True
            yield Candidates.from_unit_keys(self.book, keys, units, n_units), mine

    def _seats(self) -> Iterator[Keys]:
        """Seats in parts of about `PART` pairs, accounts of one family together."""
        instance, account = self.book.instance, self.book.seats.account
        child = np.flatnonzero(instance.accounts.parent >= 0)
        family = components(child, instance.accounts.parent[child], instance.n_accounts)
        weight = np.bincount(family[account], self.admission.counts)
        part = (np.cumsum(weight) // PART).astype(np.int64)[family[account]]
        order = np.argsort(part, kind="stable")
        bounds = np.flatnonzero(np.diff(part[order], prepend=-1, append=-1))
        for begin, end in pairwise(bounds.tolist()):
            yield order[begin:end]


class Listings:
    """The last listings of a book, for solves that differ in other things than which pairs they look at."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._made: OrderedDict[tuple[CandidateRules, bytes | None, int], Listing] = OrderedDict()

    def of(self, rules: CandidateRules, links: Ints | None, seed: int) -> Listing:
        """The listing; it is made once. The seed counts where not all pairs are listed."""
        key = (rules, None if links is None else links.tobytes(), seed if rules.per_seat is not None else 0)
        if key not in self._made:
            self._made[key] = Listing(self._book, rules, links, seed)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        found = self._made[key]
        return found if found.seed == seed or found.per_seat is None else replace(found, seed=seed)


def keys_of(pairs: Candidates) -> Keys:
    """`unit * n_reps + rep` of each column, ascending."""
    return pairs.column_unit.astype(np.int64) * pairs.instance.n_reps + pairs.column_rep
