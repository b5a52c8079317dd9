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
        listed, self._excluded, self._admitted, closed = _explicit(book)
        self._class, self._reps, self._start = _classes(book, rules)
        is_closed = np.zeros(book.instance.n_accounts, np.bool_)
        is_closed[closed] = True
        self._closed: Bools = is_closed[book.seats.account]
        """Seats that only listed pairs may fill: those of accounts with explicit values."""
        self._listed = without(self._of_class(listed[self._closed[listed // book.instance.n_reps]]), self._excluded)
        """The pairs that are left of closed seats, before distance."""

    @property
    def counts(self) -> Keys:
        """How many reps each seat admits by its class, closed ones by what is listed; before distance and the rest."""
        counts, width = np.diff(self._start)[self._class], self.book.instance.n_reps
        listed = joined(self._listed, self._admitted[self._closed[self._admitted // width]])
        listed = np.bincount(listed // width, minlength=len(counts))
        return np.asarray(np.where(self._closed, listed, counts))

    def _of_class(self, keys: Keys) -> Keys:
        """The keys whose rep the class of their seat admits."""
        width = self.book.instance.n_reps
        seat, rep = np.divmod(keys, width)
        admits = np.repeat(np.arange(len(self._start) - 1), np.diff(self._start)) * width + self._reps
        return np.asarray(keys[np.isin(self._class[seat] * width + rep, admits)])

    def of(self, seats: Keys | None = None) -> Eligibility:
        """Apply the strict conditions and the rules to these seats, ascending; None: to all."""
        book, width = self.book, self.book.instance.n_reps
        everyone = seats is None
        seats = np.arange(len(book.seats)) if seats is None else seats
        mine = np.ones(len(book.seats), np.bool_) if everyone else np.zeros(len(book.seats), np.bool_)
        mine[seats] = True

        def some(keys: Keys) -> Keys:
            return keys if everyone else keys[mine[keys // width]]

        ruled = self._near(self._by_class(seats[~self._closed[seats]]))
        if len(self._listed):
            # Spreading a closed seat over its class first would take a hundred times the memory of what is left of it.
            ruled = joined(ruled, self._near(some(self._listed)))
        excluded = some(self._excluded)
        ruled = without(joined(ruled, _strictly_possible(book, some(self._admitted))), excluded)
        held = seats[book.seats.current[seats] >= 0]
        current = _strictly_possible(book, held.astype(np.int64) * width + book.seats.current[held])
        return Eligibility(ruled, without(current, excluded), excluded)

    def _by_class(self, seats: Keys) -> Keys:
        """Pairs that role, activity, territory, segment and skills admit."""
        member = self._class[seats]
        lengths = np.diff(self._start)[member]
        seat = np.repeat(seats, lengths)
        within = np.arange(len(seat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        keys: Keys = seat.astype(np.int64) * self.book.instance.n_reps
        keys += self._reps[np.repeat(self._start[member], lengths) + within]
        return keys

    def _near(self, keys: Keys) -> Keys:
        """The keys whose account and rep are within the distance; unknown distances are."""
        if self.rules.max_distance_km is None:
            return keys
        accounts, reps = self.book.instance.accounts, self.book.instance.reps
        seat, rep = np.divmod(keys, self.book.instance.n_reps)
        account = self.book.seats.account[seat]
        km = haversine_km(reps.lat[rep], reps.lon[rep], accounts.lat[account], accounts.lon[account])
        return np.asarray(keys[~(km > self.rules.max_distance_km)])


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
