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
class Access:
    """Who of some reps may fill a seat; `reps` are their indices, ascending, and all arrays run over them.

    `strict`: role, dates and `eligible: false` allow it. `rules`: territory, segment, skills, distance and closure
    allow it, or `eligible: true`. `holder` is the current rep, -1 without.
    """

    reps: Indices
    strict: Flags
    rules: Flags
    holder: int

    @property
    def held(self) -> Flags:
        """Which of the reps is the current one."""
        return np.asarray(self.reps == self.holder)


@dataclass(frozen=True, slots=True)
class Offers(Access):
    """The seat as each of the reps would fill it; `value` is before the relationship loss.

    `interim` is the share of the horizon in which the holder works before the rep starts, and `interim_hours` what
    that takes of the holder.
    """

    value: Floats
    loss: Floats
    km: Floats
    hours: Floats
    fit: Floats
    timing: Floats
    interim: Floats
    interim_hours: Floats

    @property
    def net(self) -> Floats:
        """The measure `expected_revenue`."""
        return self.value - self.loss


@dataclass(frozen=True, slots=True)
class Crew:
    """Some reps, ascending, and what of them is the same for all seats of one class; all arrays run over them."""

    reps: Indices
    role: Flags
    strict: Flags
    rules: Flags
    active: Floats
    begin: Floats
    late: bool
    timing: Floats
    newcomer: Flags
    located: Flags
    latitudes: Floats
    longitudes: Floats
    ones: Floats


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
        self.begin = np.array([book.horizon.within(rep.start) for rep in reps], dtype=float)
        self.newcomer = np.array([rep.newcomer for rep in reps], dtype=bool)
        self.located = np.array([rep.location is not None for rep in reps], dtype=bool)
        points = np.radians([rep.location or (0.0, 0.0) for rep in reps]).reshape(-1, 2)
        self.latitudes, self.longitudes = points[:, 0], points[:, 1]
        self._masks: dict[tuple[str, str], Flags] = {}
        self._crews: dict[tuple[str, str, str | None, frozenset[str]], Crew] = {}
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

    def candidates(self, seat: Seat) -> Crew:
        """Reps who may be admissible: no other rep is, but these need not all be."""
        account = seat.account
        area = account.territory if self.respect_territories else None
        kind = (seat.role.name, account.segment.id, area, account.skills)
        crew = self._crews.get(kind)
        if crew is None:
            everybody = self.crew(seat, np.arange(self.count))
            crew = self.crew(seat, np.flatnonzero(everybody.strict & everybody.rules))
            self._crews[kind] = crew
        holder, listed = self.holder(seat), self.pairs.of(account.index)
        if listed is None:
            return crew if holder < 0 or holder in crew.reps else self.crew(seat, np.union1d(crew.reps, [holder]))
        named = listed.reps if holder < 0 else np.append(listed.reps, holder)
        return self.crew(seat, np.unique(named) if listed.closed else np.union1d(crew.reps, named))

    def crew(self, seat: Seat, reps: Indices) -> Crew:
        """These reps (ascending) as all seats of the same role, segment, territory and skills see them."""
        account, segment = seat.account, seat.account.segment
        active, role = self.active[reps], self.roles[reps] == seat.role.name
        rules = self._mask("segment", segment.id)[reps]
        if self.respect_territories and account.territory is not None:
            rules = rules & self._mask("territory", account.territory)[reps]
        for skill in account.skills:
            rules = rules & self._mask("skill", skill)[reps]
        return Crew(
            reps=reps,
            role=role,
            strict=role & (active > 0),
            rules=rules,
            active=active,
            begin=self.begin[reps],
            late=bool((self.begin[reps] > self.book.horizon.start).any()),
            timing=self._timing(segment)[reps],
            newcomer=self.newcomer[reps],
            located=self.located[reps],
            latitudes=self.latitudes[reps],
            longitudes=self.longitudes[reps],
            ones=np.ones(len(reps)),
        )

    def holder(self, seat: Seat) -> int:
        """Index of the current rep, -1 where there is none or the rep has left."""
        return -1 if seat.current is None else self.book.rep_index.get(seat.current, -1)

    def access(self, seat: Seat, crew: Crew) -> Access:
        """Who of a crew may fill the seat."""
        strict, rules = crew.strict, crew.rules
        if self.max_distance is not None:
            rules = rules & (self._distances(seat.account, crew) <= self.max_distance)
        listed = self.pairs.of(seat.account.index)
        if listed is not None:
            strict, rules = listed.access(crew.reps, crew.role, strict, rules)
        return Access(crew.reps, strict, rules, self.holder(seat))

    def offers(self, seat: Seat, crew: Crew) -> Offers:
        """The seat as each of a crew would fill it."""
        account, access = seat.account, self.access(seat, crew)
        fit, interim = self._fit(account, crew.reps), self._interim(access, crew)
        # Of each rep's horizon a part is worked, a part is held by today's rep, and the rest serves itself.
        presence = crew.active + (1 - crew.active - interim) * account.segment.self_serve_share
        value = fit * (account.existing * presence + account.new * crew.timing)
        hours, interim_hours = seat.hours * crew.ones, seat.hours * interim
        listed = self.pairs.of(account.index)
        if crew.late and interim.any():
            holder = np.array([access.holder])
            value += self._fit(account, holder) * account.existing * interim
            if listed is not None:
                mine = np.array([seat.hours])
                listed.overwrite(holder, self.roles[holder] == seat.role.name, np.zeros(1), mine)
                interim_hours = mine * interim
        value *= seat.role.revenue_share
        if listed is not None:
            listed.overwrite(crew.reps, crew.role, value, hours)
        return Offers(
            crew.reps,
            access.strict,
            access.rules,
            access.holder,
            value,
            self._loss(seat, access, crew),
            self._distances(account, crew),
            hours,
            fit,
            crew.timing,
            interim,
            interim_hours,
        )

    def _loss(self, seat: Seat, access: Access, crew: Crew) -> Floats:
        """What each rep would lose of the relationship with somebody else."""
        if seat.current is None:
            return 0.0 * crew.ones
        loss = self._loss_rates(seat.account, crew) * (seat.account.loss_base * seat.role.relationship_weight)
        loss[access.held] = 0.0
        return loss

    def _interim(self, access: Access, crew: Crew) -> Floats:
        """Share of the horizon in which the holder works before each rep starts: none of it for the holder."""
        if access.holder < 0 or not crew.late:
            return 0.0 * crew.ones
        holder, horizon = self.book.reps[access.holder], self.book.horizon
        held = np.minimum(crew.begin, horizon.within(holder.end)) - horizon.within(holder.start)
        return np.asarray(np.maximum(0.0, held) / horizon.months)

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

    def _distances(self, account: Account, crew: Crew) -> Floats:
        """Haversine km to each rep, 0 where a location is missing."""
        if account.location is None:
            return 0.0 * crew.ones
        latitude, longitude = (math.radians(angle) for angle in account.location)
        lift = np.sin((crew.latitudes - latitude) / 2) ** 2
        turn = np.sin((crew.longitudes - longitude) / 2) ** 2
        chord = lift + math.cos(latitude) * np.cos(crew.latitudes) * turn
        return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord))) * crew.located)

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

    def _loss_rates(self, account: Account, crew: Crew) -> Floats:
        if account.segment.relationship_loss is not None:
            return account.segment.relationship_loss * crew.ones
        others = np.zeros(len(crew.reps), dtype=np.int64)
        if account.industry is not None:
            others = self._held[account.industry][crew.reps]
            for own in self._holders(account):
                others -= crew.reps == own
        seasoned = np.where(others > 0, LOSS_SAME_INDUSTRY, LOSS_OTHERWISE)
        return np.where(crew.newcomer, LOSS_NEWCOMER, seasoned)
