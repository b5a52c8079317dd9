"""The book: what follows from the facts for each account, seat and rep, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from coverplan.domain import calendar
from coverplan.domain.instance import Bools, Dates, Floats, Instance, Ints

RECENCY = np.array([0.5, 0.3, 0.2])
"""Weights of the last three years, newest first."""
TREND = (0.75, 1.25)


@dataclass(frozen=True, eq=False)
class Seats:
    """One entry per account and role, accounts in order, roles in the order of the segment."""

    account: Ints
    role: Ints
    hours: Floats
    share: Floats
    """Share of the account's revenue that this role brings."""
    weight: Floats
    """Relationship weight of the role."""
    primary: Bools
    """The account's first role."""
    current: Ints
    """The rep who holds the seat today; -1: nobody, or nobody among the reps."""
    held: Bools
    """Somebody holds the seat today, perhaps a rep who left."""
    current_entry: Ints
    """Index into `Instance.current`; -1: none."""

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True, eq=False)
class Book:
    """Derived columns: money is over the horizon, hours over the horizon."""

    instance: Instance
    seats: Seats
    existing: Floats
    new: Floats
    revenue: Floats
    """Base revenue, existing + new, per account."""
    loss_base: Floats
    """What a relationship loss rate applies to, per account: existing revenue x strength of the relationship."""
    active: Floats
    """Share of the horizon in which each rep works."""
    capacity: Floats
    """Ramped hours per rep; NaN without a capacity."""
    self_serve: Floats
    """Revenue per seat that still comes in when it is uncovered."""

    @classmethod
    def of(cls, instance: Instance) -> Self:
        seats = _seats(instance)
        existing = _existing(instance)
        segment = instance.accounts.segment
        new = instance.accounts.potential * instance.segments.conversion[segment]
        self_serve = seats.share * existing[seats.account] * instance.segments.self_serve_share[segment[seats.account]]
        return cls(
            instance=instance,
            seats=seats,
            existing=existing,
            new=new,
            revenue=existing + new,
            loss_base=existing * instance.accounts.strength,
            active=calendar.active_share(instance),
            capacity=calendar.ramped_capacity(instance),
            self_serve=self_serve,
        )

    @property
    def since(self) -> Dates:
        """Per seat: since when the current rep holds it; NaT when unknown."""
        found = self.seats.current_entry
        since = self.instance.current.since
        dates = np.full(len(found), np.datetime64("NaT"), "datetime64[D]")
        dates[found >= 0] = since[found[found >= 0]]
        return dates

    def seat_measure(self, measure: str) -> Floats:
        """A measure per seat that does not depend on the rep: accounts, hours, revenue or potential."""
        account = self.seats.account
        if measure == "accounts":
            return np.ones(len(account))
        if measure == "hours":
            return self.seats.hours
        if measure == "potential":
            return self.instance.accounts.potential[account]
        return self.revenue[account]


def _existing(instance: Instance) -> Floats:
    """Existing revenue over the horizon per account: given, or years x weighted mean x trend of its history.

    A last year of m months is counted as 12 / m of itself, and weighs m / 12 of what a whole one does.
    """
    accounts = instance.accounts
    months = accounts.last_year_months
    yearly = accounts.history.copy()
    yearly[:, 0] *= 12.0 / months
    weight = np.where(np.isnan(yearly), 0.0, RECENCY)
    weight[:, 0] *= months / 12.0
    total = weight.sum(axis=1)
    known = total > 0
    mean = (weight * np.nan_to_num(yearly)).sum(axis=1) / np.where(known, total, 1.0)
    newest, before = np.nan_to_num(yearly[:, 0]), np.nan_to_num(yearly[:, 1])
    trend = np.where(before > 0, np.clip(newest / np.where(before > 0, before, 1.0), *TREND), 1.0)
    existing = np.where(known, instance.months / 12 * mean * trend, 0.0)
    existing = np.where(np.isnan(accounts.expected_revenue), existing, accounts.expected_revenue)
    return np.where(accounts.customer, existing, 0.0)


def _seats(instance: Instance) -> Seats:
    segments, accounts = instance.segments, instance.accounts
    per_account = segments.roles.lengths[accounts.segment]
    account = np.repeat(np.arange(instance.n_accounts), per_account)
    first_seat = np.concatenate([[0], np.cumsum(per_account)])
    position = np.arange(len(account)) - first_seat[account]
    entry = segments.roles.start[accounts.segment[account]] + position
    role = segments.roles.values[entry].astype(np.int32)
    primary = position == 0
    own = accounts.hours[account]
    hours = np.where(primary & ~np.isnan(own), own, segments.role_hours[entry])
    current_entry = _current_entries(instance, account, role)
    known = np.maximum(current_entry, 0)
    held = current_entry >= 0
    current = np.where(held, instance.current.rep[known] if len(instance.current.rep) else -1, -1)
    return Seats(
        account=account.astype(np.int32),
        role=role,
        hours=hours,
        share=segments.role_share[entry],
        weight=segments.role_weight[entry],
        primary=primary,
        current=current.astype(np.int32),
        held=held,
        current_entry=current_entry,
    )


def _current_entries(instance: Instance, account: np.ndarray, role: Ints) -> Ints:
    """For each seat the entry of `Instance.current` that names its holder, -1 if none."""
    current, width = instance.current, max(1, len(instance.roles))
    if len(current.account) == 0:
        return np.full(len(account), -1, np.int32)
    keys = current.account.astype(np.int64) * width + current.role
    order = np.argsort(keys, kind="stable")
    wanted = account * width + role
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(keys[order][place] == wanted, order[place], -1).astype(np.int32)
