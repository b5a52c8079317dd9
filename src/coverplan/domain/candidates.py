"""Candidates: the admissible pairs, and the columns and units that merged families leave of them.

A pair is an admissible (seat, rep). Seats that a family merges form one unit, which takes one rep for all; a column
is a (unit, rep). Without merging, units are seats and pair p is column p.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from coverplan.domain import value
from coverplan.domain.book import Book
from coverplan.domain.components import components
from coverplan.domain.eligibility import Admission, CandidateRules, Eligibility, Keys, explicit_keys, joined
from coverplan.domain.instance import Bools, Floats, Instance, Ints

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Admissible pairs, ordered by column; columns ordered by unit, then rep. Money and hours over the horizon."""

    book: Book
    seat: Ints
    rep: Ints
    column: Ints
    value: Floats
    """Expected revenue of the pair before losses."""
    hours: Floats
    loss: Floats
    unit_of_seat: Ints
    n_units: int
    column_unit: Ints
    column_rep: Ints
    admitted: Bools
    """Per pair: admissible; false only for given pairs that are evaluated all the same."""
    unit_start: Offsets
    """Columns of unit u: `unit_start[u]` to `unit_start[u + 1]`."""
    best_net: Floats | None = None
    """Per seat, where pairs were left out: the most that any admissible pair is worth net of its loss."""

    @classmethod
    def of(cls, book: Book, rules: CandidateRules, links: npt.NDArray[np.int32] | None = None) -> Self:
        """All admissible pairs. `links` are pairs of accounts, (n, 2), whose seats of the same role merge."""
        units, n_units = units_of(book, links)
        keys = unit_keys(book, Admission(book, rules).of(), units, n_units)
        return cls.from_unit_keys(book, keys, units, n_units)

    @classmethod
    def from_unit_keys(cls, book: Book, keys: Keys, units: Ints, n_units: int) -> Self:
        """Expand sorted `unit * n_reps + rep` keys of admissible columns to columns and pairs."""
        column_unit, column_rep = np.divmod(keys, book.instance.n_reps)
        members = np.argsort(units, kind="stable")
        size = np.bincount(units, minlength=n_units)
        first = np.concatenate([[0], np.cumsum(size)])
        lengths = size[column_unit]
        column = np.repeat(np.arange(len(keys)), lengths)
        within = np.arange(len(column)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        seat = members[first[column_unit[column]] + within].astype(np.int32)
        rep = column_rep[column].astype(np.int32)
        worth, hours = _explicit_numbers(book, seat, rep)
        return cls(
            book=book,
            seat=seat,
            rep=rep,
            column=column.astype(np.int32),
            value=worth,
            hours=hours,
            loss=value.relationship_loss(book, seat, rep),
            unit_of_seat=units,
            n_units=n_units,
            column_unit=column_unit.astype(np.int32),
            column_rep=column_rep.astype(np.int32),
            admitted=np.ones(len(column), np.bool_),
            unit_start=np.searchsorted(column_unit, np.arange(n_units + 1)),
        )

    @property
    def instance(self) -> Instance:
        return self.book.instance

    @property
    def n_columns(self) -> int:
        return len(self.column_unit)

    @property
    def account(self) -> Ints:
        """The account of each pair."""
        return self.book.seats.account[self.seat]

    @cached_property
    def km(self) -> Floats:
        """Distance of each pair; 0 where either has no location."""
        return value.travel_km(self.book, self.seat, self.rep)

    @cached_property
    def interim_hours(self) -> Floats:
        """Hours of each pair that today's rep still works on the seat, until the pair's rep starts."""
        return interim_hours(self.book, self.seat, self.rep)

    @property
    def is_current(self) -> Bools:
        """Whether the pair is its seat's current one."""
        current: Bools = self.book.seats.current[self.seat] == self.rep
        return current

    @property
    def has_rep(self) -> Bools:
        """Per seat: some rep is admissible."""
        found = np.zeros(len(self.book.seats), np.bool_)
        found[self.seat[self.admitted]] = True
        return found

    @property
    def most_net(self) -> Floats:
        """Per seat: the most that an admissible pair is worth net of its loss, at least 0."""
        if self.best_net is not None:
            return self.best_net
        best = np.zeros(len(self.book.seats))
        np.maximum.at(best, self.seat, np.where(self.admitted, self.value - self.loss, 0.0))
        return best

    @property
    def keeps(self) -> Bools:
        """Per seat: its current rep is admissible."""
        kept = np.zeros(len(self.book.seats), np.bool_)
        kept[self.seat[self.is_current & self.admitted]] = True
        return kept

    @property
    def forced(self) -> Bools:
        """Per seat: it has a current rep who cannot keep it."""
        return self.book.seats.held & ~self.keeps

    def measure(self, name: str) -> Floats:
        """A measure per pair: accounts, hours, revenue, potential or expected_revenue (net of the loss)."""
        if name == "expected_revenue":
            return self.value - self.loss
        if name == "hours":
            return self.hours
        return self.book.seat_measure(name)[self.seat]

    def shortlist(self, per_seat: int, seed: int) -> Bools:
        """At most `per_seat` columns a unit: the current reps, the best, the nearest, then a rotation by capacity.

        The rotation is seeded and differs from unit to unit, so that equal values never send every seat to the same
        few reps; among equals it also decides who is best or nearest.
        """
        accounts, reps = self.instance.accounts, self.instance.reps
        located = ~(np.isnan(reps.lat[self.rep]) | np.isnan(accounts.lat[self.account]))
        km = np.full(self.n_columns, -np.inf)
        np.maximum.at(km, self.column[located], self.km[located])
        km = np.where(np.isneginf(km), np.inf, km)
        current = np.zeros(self.n_columns, np.bool_)
        current[self.column[self.is_current]] = True
        capacity = np.nan_to_num(self.book.capacity, nan=1.0)[self.column_rep]
        draw = np.random.default_rng(seed).exponential(size=self.n_columns) / np.maximum(capacity, 1e-9)
        chance = draw / max(float(draw.max(initial=0.0)), 1e-300)
        net = np.bincount(self.column, self.value - self.loss, self.n_columns)
        hair = 1e-9 * float(np.abs(net).max(initial=0.0))
        best = self._lowest(np.where(current, np.inf, hair * chance - net), per_seat // 4)
        nearest = self._lowest(np.where(current, np.inf, km + 1e-6 * chance), max(1, per_seat // 2))
        order = np.where(current, -2.0, np.where(best | (nearest & np.isfinite(km)), -1.0, chance))
        return current | self._lowest(order, per_seat)

    def _lowest(self, score: Floats, most: int) -> Bools:
        """Which columns are among the lowest scores of their unit, at most so many; units of like size together."""
        length, found = np.diff(self.unit_start), np.ones(self.n_columns, np.bool_)
        large = np.flatnonzero(length > most)
        size = np.ceil(np.log2(np.maximum(length[large], 1))).astype(np.int64)
        for width in np.unique(size):
            units = large[size == width]
            within = np.arange(int(length[units].max()))
            place = self.unit_start[units, None] + within
            inside = within < length[units, None]
            scores = np.where(inside, score[np.minimum(place, self.n_columns - 1)], np.inf)
            chosen = np.zeros(scores.shape, np.bool_)
            if most:
                np.put_along_axis(chosen, np.argpartition(scores, most - 1, axis=1)[:, :most], True, axis=1)
            found[place[inside]] = chosen[inside]
        return found

    def with_seat_pairs(self, given: Keys) -> Self:
        """One unit per seat, and further pairs `seat * n_reps + rep`, admissible or not; for evaluating given plans."""
        own = self.seat.astype(np.int64) * self.instance.n_reps + self.rep
        keys = np.union1d(own, given)
        n_seats = len(self.book.seats)
        widened = self.from_unit_keys(self.book, keys, np.arange(n_seats, dtype=np.int32), n_seats)
        return replace(widened, admitted=np.isin(keys, own), best_net=self.best_net)


def units_of(book: Book, links: npt.NDArray[np.int32] | None) -> tuple[Ints, int]:
    """Connected components of the seats under account links, per role."""
    seats = book.seats
    if links is None or len(links) == 0:
        return np.arange(len(seats), dtype=np.int32), len(seats)
    n_accounts, width = book.instance.n_accounts, len(book.instance.roles)
    family = components(links[:, 0], links[:, 1], n_accounts)
    keys = family[seats.account].astype(np.int64) * width + seats.role
    _, first, unit = np.unique(keys, return_index=True, return_inverse=True)
    in_order = np.argsort(np.argsort(first))
    return in_order[unit.reshape(-1)].astype(np.int32), len(first)


def unit_keys(book: Book, allowed: Eligibility, units: Ints, n_units: int) -> Keys:
    """Keys of the columns: every member admits the rep, or it is the current rep of one and possible for all."""
    width = book.instance.n_reps
    if n_units == len(units):
        return joined(allowed.ruled, allowed.current)
    size = np.bincount(units, minlength=n_units)

    def by_unit(keys: Keys) -> Keys:
        return units[keys // width].astype(np.int64) * width + keys % width

    keys, counts = np.unique(by_unit(allowed.ruled), return_counts=True)
    common = keys[counts == size[keys // width]]
    current = np.setdiff1d(by_unit(allowed.current), by_unit(allowed.excluded))
    return np.union1d(common, current)


def interim_hours(book: Book, seat: Ints, rep: Ints) -> Floats:
    """Hours of today's rep on each seat until this rep starts: what it takes of that rep, for that long."""
    hours = np.zeros(len(seat))
    late, part = value.interims(book, seat, rep)
    holder, usual = book.seats.current[seat[late]], book.seats.hours[seat[late]]
    hours[late] = part * _given_first(book.instance.pairs.hours, _entries(book, seat[late], holder), usual)
    return hours


def _explicit_numbers(book: Book, seat: Ints, rep: Ints) -> tuple[Floats, Floats]:
    """Value and hours of each pair, the caller's own numbers first."""
    pairs, entry = book.instance.pairs, _entries(book, seat, rep)
    worth, hours = value.pair_value(book, seat, rep), book.seats.hours[seat]
    return _given_first(pairs.value, entry, worth), _given_first(pairs.hours, entry, hours)


def _entries(book: Book, seat: Ints, rep: Ints) -> Offsets | None:
    """The explicit pair of each pair, -1 without one; None where there are none at all."""
    entry, keys = explicit_keys(book)
    if len(entry) == 0:
        return None
    order = np.argsort(keys, kind="stable")
    wanted = seat.astype(np.int64) * book.instance.n_reps + rep
    place = np.minimum(np.searchsorted(keys[order], wanted), len(order) - 1)
    return np.where(keys[order][place] == wanted, entry[order[place]], -1)


def _given_first(numbers: Floats, entry: Offsets | None, usual: Floats) -> Floats:
    """The caller's own numbers where the explicit pairs have them, else the usual."""
    if entry is None:
        return usual
    given = np.where(entry >= 0, numbers[entry], np.nan)
    return np.where(np.isnan(given), usual, given)
