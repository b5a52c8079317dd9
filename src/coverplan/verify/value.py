"""Who may fill a seat, and what each of those reps is worth there."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coverplan.verify.book import Account, Book, Document, Seat, Segment, given
from coverplan.verify.pairs import Flags, Floats, Indices, Pairs

EARTH_RADIUS_KM = 6371.0088
LOSS_NEWCOMER, LOSS_SAME_INDUSTRY, LOSS_OTHERWISE = 0.18, 0.13, 0.15


@dataclass(frozen=True, slots=True)
class Offers:
    """One seat as some reps would fill it; `reps` are their indices, ascending, and all arrays run over them.

    `strict`: role, dates and `eligible: false` allow it. `rules`: territory, segment, skills, distance and closure
    allow it, or `eligible: true`. `value` is before the relationship loss. `holder` is the current rep, -1 without.
    """

    reps: Indices
    strict: Flags
    rules: Flags
    value: Floats
    loss: Floats
    km: Floats
    hours: Floats
    fit: Floats
    timing: Floats
    holder: int

    @property
    def net(self) -> Floats:
        """The measure `expected_revenue`."""
        return self.value - self.loss

    @property
    def held(self) -> Flags:
        """Which of the reps is the current one."""
        return np.asarray(self.reps == self.holder)


class Market:
    """Prepares what depends on the reps alone, or on a class of seats, then answers seat by seat."""

    def __init__(self, book: Book, candidates: Document) -> None:
        self.book = book
        self.max_distance = candidates.get("max_distance_km")
        self.respect_territories = given(candidates, "respect_territories", True)
        reps = book.reps
        self.count = len(reps)
        self.roles = np.array([rep.role for rep in reps], dtype=object)
        self.active = np.array([rep.active for rep in reps], dtype=float)
        self.newcomer = np.array([rep.newcomer for rep in reps], dtype=bool)
        self.located = np.array([rep.location is not None for rep in reps], dtype=bool)
        points = np.radians([rep.location or (0.0, 0.0) for rep in reps]).reshape(-1, 2)
        self.latitudes, self.longitudes = points[:, 0], points[:, 1]
        self._masks: dict[tuple[str, str], Flags] = {}
        self._classes: dict[tuple[str, str, str | None, frozenset[str]], Indices] = {}
        self._timings: dict[float, Floats] = {}
        self._fits: dict[tuple[str, str], Floats] = {}
        self._read_fit()
        self.pairs = Pairs(book)
        self._held = self._holdings()

    def _read_fit(self) -> None:
        for entry in self.book.fits:
            rep = self.book.rep_index.get(entry["rep_id"])
            for key in ("account_id", "segment", "industry"):
                if entry.get(key) is not None and rep is not None:
                    self._fits.setdefault((key, entry[key]), np.ones(self.count))[rep] *= entry["multiplier"]

    def _holdings(self) -> dict[str, Indices]:
        """Number of accounts of each industry that each rep holds today, in any role."""
        held: dict[str, Indices] = {}
        for account in self.book.accounts:
            if account.industry is not None:
                counts = held.setdefault(account.industry, np.zeros(self.count, dtype=np.int64))
                for rep in self._holders(account):
                    counts[rep] += 1
        return held

    def _holders(self, account: Account) -> set[int]:
        return {self.book.rep_index[rep] for _, rep, _ in account.current if rep in self.book.rep_index}

    def candidates(self, seat: Seat) -> Indices:
        """Reps who may be admissible, ascending: no other rep is, but these need not all be."""
        account = seat.account
        area = account.territory if self.respect_territories else None
        kind = (seat.role.name, account.segment.id, area, account.skills)
        if kind not in self._classes:
            flags = (self.roles == seat.role.name) & (self.active > 0)
            self._classes[kind] = np.flatnonzero(flags & self._rules_of_class(account, slice(None)))
        holder, listed = self.holder(seat), self.pairs.of(account.index)
        if listed is None:
            found = self._classes[kind]
            return found if holder < 0 or holder in found else np.union1d(found, [holder])
        named = listed.reps if holder < 0 else np.append(listed.reps, holder)
        return np.unique(named) if listed.closed else np.union1d(self._classes[kind], named)

    def holder(self, seat: Seat) -> int:
        """Index of the current rep, -1 where there is none or the rep has left."""
        return -1 if seat.current is None else self.book.rep_index.get(seat.current, -1)

    def offers(self, seat: Seat, reps: Indices) -> Offers:
        """The seat as each of these reps would fill it."""
        account, segment = seat.account, seat.account.segment
        holder, active = self.holder(seat), self.active[reps]
        km = self._distances(account, reps)
        fit, timing = self._fit(account, reps), self._timing(segment)[reps]
        presence = active + (1 - active) * segment.self_serve_share
        value = seat.role.revenue_share * fit * (account.existing * presence + account.new * timing)
        loss = np.zeros(len(reps))
        if seat.current is not None:
            loss = self._loss_rates(account, reps) * (account.loss_base * seat.role.relationship_weight)
            loss[reps == holder] = 0.0
        role = self.roles[reps] == seat.role.name
        strict = role & (active > 0)
        rules = self._rules_of_class(account, reps)
        if self.max_distance is not None:
            rules &= km <= self.max_distance
        hours = np.full(len(reps), seat.hours)
        listed = self.pairs.of(account.index)
        if listed is not None:
            listed.apply(reps, role, value, hours, strict, rules)
        return Offers(reps, strict, rules, value, loss, km, hours, fit, timing, holder)

    def _rules_of_class(self, account: Account, reps: Indices | slice) -> Flags:
        """Which reps serve the segment and the territory, and have the skills."""
        allowed: Flags = self._mask("segment", account.segment.id)[reps].copy()
        if self.respect_territories and account.territory is not None:
            allowed &= self._mask("territory", account.territory)[reps]
        for skill in account.skills:
            allowed &= self._mask("skill", skill)[reps]
        return allowed

    def _mask(self, rule: str, label: str) -> Flags:
        """Which reps serve a segment, a territory or have a skill."""
        if (rule, label) not in self._masks:
            if rule == "segment":
                flags = [not rep.segments or label in rep.segments for rep in self.book.reps]
            elif rule == "territory":
                line = self.book.lineage(label)
                flags = [not rep.territories or not rep.territories.isdisjoint(line) for rep in self.book.reps]
            else:
                flags = [label in rep.skills for rep in self.book.reps]
            self._masks[rule, label] = np.array(flags, dtype=bool)
        return self._masks[rule, label]

    def _distances(self, account: Account, reps: Indices) -> Floats:
        """Haversine km to each rep, 0 where a location is missing."""
        if account.location is None:
            return np.zeros(len(reps))
        latitude, longitude = (math.radians(angle) for angle in account.location)
        latitudes = self.latitudes[reps]
        lift = np.sin((latitudes - latitude) / 2) ** 2
        turn = np.sin((self.longitudes[reps] - longitude) / 2) ** 2
        chord = lift + math.cos(latitude) * np.cos(latitudes) * turn
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord)))
        return np.where(self.located[reps], km, 0.0)

    def _fit(self, account: Account, reps: Indices) -> Floats:
        fit = np.ones(len(reps))
        for key in (("account_id", account.id), ("segment", account.segment.id), ("industry", account.industry)):
            matching = self._fits.get(key)  # type: ignore[arg-type]
            if matching is not None:
                fit = fit * matching[reps]
        return fit

    def _timing(self, segment: Segment) -> Floats:
        cycle = segment.cycle_days
        if cycle not in self._timings:
            horizon = self.book.horizon
            self._timings[cycle] = np.array([horizon.timing(rep.start, rep.end, cycle) for rep in self.book.reps])
        return self._timings[cycle]

    def _loss_rates(self, account: Account, reps: Indices) -> Floats:
        if account.segment.relationship_loss is not None:
            return np.full(len(reps), float(account.segment.relationship_loss))
        others = np.zeros(len(reps), dtype=np.int64)
        if account.industry is not None:
            others = self._held[account.industry][reps]
            for own in self._holders(account):
                others -= reps == own
        seasoned = np.where(others > 0, LOSS_SAME_INDUSTRY, LOSS_OTHERWISE)
        return np.where(self.newcomer[reps], LOSS_NEWCOMER, seasoned)
