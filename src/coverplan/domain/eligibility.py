"""Who may serve what: the admissible pairs of seats and reps, as sorted keys `seat * n_reps + rep`.

Strict: the role, some activity within the horizon, no explicit `eligible: false`. Rules: territory, segment, skills,
distance, and closure by explicit values; the current rep and an explicit `eligible: true` pass the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from coverplan.domain.book import Book
from coverplan.domain.geography import haversine_km, rep_covers
from coverplan.domain.instance import Bools

Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CandidateRules:
    """What the policy says of candidates. `per_seat` None: no truncation."""

    per_seat: int | None = None
    max_distance_km: float | None = None
    respect_territories: bool = True


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Pairs that the rules admit, pairs of current reps that are at least strictly possible, and excluded pairs."""

    ruled: Keys
    current: Keys
    excluded: Keys


class Admission:
    """Who may serve what, answered for all seats or for some of them.

    Seats fall into classes of equal role, territory, segment and required skills; each class has one list of reps.
    """

    def __init__(self, book: Book, rules: CandidateRules) -> None:
        self.book, self.rules = book, rules
        self._listed, self._excluded, self._admitted, self._closed = _explicit(book)
        self._class, self._reps, self._start = _classes(book, rules)

    @property
    def counts(self) -> Keys:
        """How many reps the class of each seat admits, before distance and explicit pairs."""
        return np.asarray(np.diff(self._start)[self._class])

    def of(self, seats: Keys | None = None) -> Eligibility:
        """Apply the strict conditions and the rules to these seats, ascending; None: to all."""
        book, width = self.book, self.book.instance.n_reps
        everyone = seats is None
        seats = np.arange(len(book.seats)) if seats is None else seats
        ruled = self._by_rules(seats)
        mine = np.ones(len(book.seats), np.bool_) if everyone else np.zeros(len(book.seats), np.bool_)
        mine[seats] = True

        def some(keys: Keys) -> Keys:
            return keys if everyone else keys[mine[keys // width]]

        if len(self._closed):
            is_closed = np.zeros(book.instance.n_accounts, np.bool_)
            is_closed[self._closed] = True
            shut = is_closed[book.seats.account[ruled // width]]
            stays = ~shut
            stays[shut] = np.isin(ruled[shut], self._listed, assume_unique=True)
            ruled = ruled[stays]
        excluded = some(self._excluded)
        ruled = without(joined(ruled, _strictly_possible(book, some(self._admitted))), excluded)
        held = seats[book.seats.current[seats] >= 0]
        current = _strictly_possible(book, held.astype(np.int64) * width + book.seats.current[held])
        return Eligibility(ruled, without(current, excluded), excluded)

    def _by_rules(self, seats: Keys) -> Keys:
        """Pairs that role, activity, territory, segment, skills and distance admit."""
        book, instance = self.book, self.book.instance
        member = self._class[seats]
        lengths = np.diff(self._start)[member]
        seat = np.repeat(seats, lengths)
        within = np.arange(len(seat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rep = self._reps[np.repeat(self._start[member], lengths) + within]
        if self.rules.max_distance_km is not None:
            account = book.seats.account[seat]
            accounts, reps = instance.accounts, instance.reps
            km = haversine_km(reps.lat[rep], reps.lon[rep], accounts.lat[account], accounts.lon[account])
            near = ~(km > self.rules.max_distance_km)
            seat, rep = seat[near], rep[near]
        keys: Keys = seat.astype(np.int64) * instance.n_reps + rep
        return keys


def joined(sorted_keys: Keys, others: Keys) -> Keys:
    """The sorted union of sorted keys and others."""
    place = np.searchsorted(sorted_keys, others)
    known = sorted_keys[np.minimum(place, len(sorted_keys) - 1)] == others if len(sorted_keys) else others < 0
    new = np.unique(others[~known])
    return np.insert(sorted_keys, np.searchsorted(sorted_keys, new), new)


def without(sorted_keys: Keys, excluded: Keys) -> Keys:
    """The sorted keys that are not excluded."""
    place = np.searchsorted(sorted_keys, excluded)
    inside = place < len(sorted_keys)
    place, excluded = place[inside], excluded[inside]
    return np.delete(sorted_keys, place[sorted_keys[place] == excluded])


def _strictly_possible(book: Book, keys: Keys) -> Keys:
    """The keys whose rep has the seat's role and works within the horizon."""
    seat, rep = np.divmod(keys, book.instance.n_reps)
    possible: Keys = keys[(book.instance.reps.role[rep] == book.seats.role[seat]) & (book.active[rep] > 0)]
    return possible


def _explicit(book: Book) -> tuple[Keys, Keys, Keys, Keys]:
    """Keys of explicit pairs: all listed, excluded, admitted; and the accounts that explicit values close."""
    pairs = book.instance.pairs
    entry, keys = explicit_keys(book)
    eligible = pairs.eligible[entry]
    closed = np.unique(pairs.account[~np.isnan(pairs.value)])
    return np.unique(keys), np.unique(keys[eligible == 0]), np.unique(keys[eligible == 1]), closed.astype(np.int64)


def explicit_keys(book: Book) -> tuple[npt.NDArray[np.int64], Keys]:
    """For every explicit pair that has a seat of its rep's role: its index and its key."""
    instance, seats = book.instance, book.seats
    width = max(1, len(instance.roles))
    seat_keys = seats.account.astype(np.int64) * width + seats.role
    order = np.argsort(seat_keys, kind="stable")
    wanted = instance.pairs.account.astype(np.int64) * width + instance.reps.role[instance.pairs.rep]
    if len(wanted) == 0 or len(seat_keys) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    place = np.minimum(np.searchsorted(seat_keys[order], wanted), len(order) - 1)
    entry = np.flatnonzero(seat_keys[order][place] == wanted)
    return entry, order[place][entry] * instance.n_reps + instance.pairs.rep[entry]


def _classes(book: Book, rules: CandidateRules) -> tuple[Keys, Keys, Keys]:
    """Class of each seat; the reps of all classes, one class after the other; and where each begins."""
    instance, seats = book.instance, book.seats
    accounts = instance.accounts
    skills = accounts.skills.matrix(len(instance.skills))
    _, skill_class = np.unique(skills, axis=0, return_inverse=True)
    columns = (seats.role, accounts.territory[seats.account], accounts.segment[seats.account])
    traits = np.column_stack([*columns, skill_class.reshape(-1)[seats.account]]).astype(np.int64)
    classes, first, member = np.unique(traits, axis=0, return_index=True, return_inverse=True)
    admits = _class_reps(book, rules, classes, skills[seats.account[first]])
    start = np.concatenate([[0], np.cumsum(admits.sum(axis=1))])
    return member.reshape(-1), np.nonzero(admits)[1], start


def _class_reps(book: Book, rules: CandidateRules, classes: Keys, required: Bools) -> Bools:
    """Which reps serve each class of (role, territory, segment, skills), (classes, reps)."""
    instance, reps = book.instance, book.instance.reps
    admits: Bools = (reps.role[None, :] == classes[:, [0]]) & (book.active > 0)[None, :]
    if rules.respect_territories:
        admits &= rep_covers(instance).T[classes[:, 1]]
    serves = reps.segments.matrix(len(instance.segments.ids))
    serves[reps.segments.lengths == 0] = True
    admits &= serves.T[classes[:, 2]]
    has = reps.skills.matrix(len(instance.skills))
    missing = required.astype(np.float32) @ (~has).T.astype(np.float32)
    admits &= missing == 0
    return admits
