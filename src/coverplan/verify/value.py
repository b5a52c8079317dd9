"""Who may fill a seat, and what each rep is worth there: one array over the reps per quantity."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coverplan.verify.book import Account, Book, Document, Seat, Segment, given

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

EARTH_RADIUS_KM = 6371.0088
LOSS_NEWCOMER, LOSS_SAME_INDUSTRY, LOSS_OTHERWISE = 0.18, 0.13, 0.15


@dataclass(frozen=True)
class Offers:
    """One seat seen by every rep; all arrays have one entry per rep.

    `strict`: role, dates and `eligible: false` allow it. `rules`: territory, segment, skills, distance and closure
    allow it, or `eligible: true`. `value` is before the relationship loss. `holder` is the current rep, -1 without.
    """

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


class Market:
    """Prepares what depends on the reps alone, then answers seat by seat."""

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
        self._timings: dict[float, Floats] = {}
        self._fits: dict[tuple[str, str], Floats] = {}
        self._read_fit()
        self._entries: dict[str, list[Document]] = defaultdict(list)
        for entry in book.pairs:
            if entry["rep_id"] in book.rep_index:
                self._entries[entry["account_id"]].append(entry)
        self._priced = {entry["account_id"] for entry in book.pairs if entry.get("value") is not None}
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
                counts[self._holders(account)] += 1
        return held

    def _holders(self, account: Account) -> list[int]:
        return sorted({self.book.rep_index[rep] for _, rep, _ in account.current if rep in self.book.rep_index})

    def offers(self, seat: Seat) -> Offers:
        """The seat as every rep would fill it."""
        account, segment = seat.account, seat.account.segment
        holder = -1 if seat.current is None else self.book.rep_index.get(seat.current, -1)
        km = self._distances(account)
        fit, timing = self._fit(account), self._timing(segment)
        presence = self.active + (1 - self.active) * segment.self_serve_share
        value = seat.role.revenue_share * fit * (account.existing * presence + account.new * timing)
        loss = np.zeros(self.count)
        if seat.current is not None:
            loss = self._loss_rates(account) * account.loss_base * seat.role.relationship_weight
            if holder >= 0:
                loss[holder] = 0.0
        strict = (self.roles == seat.role.name) & (self.active > 0)
        rules = self._rules(account, km)
        hours = np.full(self.count, seat.hours)
        for entry in self._entries.get(account.id, ()):
            rep = self.book.rep_index[entry["rep_id"]]
            if self.roles[rep] != seat.role.name:
                continue
            value[rep] = given(entry, "value", value[rep])
            hours[rep] = given(entry, "hours", hours[rep])
            strict[rep] &= entry.get("eligible") is not False
            rules[rep] |= entry.get("eligible") is True
        return Offers(strict, rules, value, loss, km, hours, fit, timing, holder)

    def _rules(self, account: Account, km: Floats) -> Flags:
        allowed = self._mask("segment", account.segment.id).copy()
        if self.respect_territories and account.territory is not None:
            allowed &= self._mask("territory", account.territory)
        for skill in account.skills:
            allowed &= self._mask("skill", skill)
        if self.max_distance is not None:
            allowed &= km <= self.max_distance
        if account.id in self._priced:
            listed = np.zeros(self.count, dtype=bool)
            listed[[self.book.rep_index[entry["rep_id"]] for entry in self._entries[account.id]]] = True
            allowed &= listed
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

    def _distances(self, account: Account) -> Floats:
        """Haversine km to every rep, 0 where a location is missing."""
        if account.location is None:
            return np.zeros(self.count)
        latitude, longitude = (math.radians(angle) for angle in account.location)
        lift = np.sin((self.latitudes - latitude) / 2) ** 2
        turn = np.sin((self.longitudes - longitude) / 2) ** 2
        chord = lift + math.cos(latitude) * np.cos(self.latitudes) * turn
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord)))
        return np.where(self.located, km, 0.0)

    def _fit(self, account: Account) -> Floats:
        fit = np.ones(self.count)
        for key in (("account_id", account.id), ("segment", account.segment.id), ("industry", account.industry)):
            matching = self._fits.get(key)  # type: ignore[arg-type]
            if matching is not None:
                fit = fit * matching
        return fit

    def _timing(self, segment: Segment) -> Floats:
        cycle = segment.cycle_days
        if cycle not in self._timings:
            horizon = self.book.horizon
            self._timings[cycle] = np.array([horizon.timing(rep.start, rep.end, cycle) for rep in self.book.reps])
        return self._timings[cycle]

    def _loss_rates(self, account: Account) -> Floats:
        if account.segment.relationship_loss is not None:
            return np.full(self.count, float(account.segment.relationship_loss))
        experienced = np.zeros(self.count, dtype=bool)
        if account.industry is not None:
            others = self._held[account.industry].copy()
            others[self._holders(account)] -= 1
            experienced = others > 0
        seasoned = np.where(experienced, LOSS_SAME_INDUSTRY, LOSS_OTHERWISE)
        return np.where(self.newcomer, LOSS_NEWCOMER, seasoned)
