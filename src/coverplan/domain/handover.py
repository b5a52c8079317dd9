"""Handovers: the seats of a plan that today's rep still holds, because the next one starts within the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.candidates import interim_hours
from coverplan.domain.instance import Bools, Dates, Floats, Ints
from coverplan.domain.value import interims


@dataclass(frozen=True, eq=False)
class Handovers:
    """One entry per seat."""

    book: Book
    waits: Bools
    """Today's rep works on the seat until its new rep starts."""
    dates: Dates
    """First day of the new rep; NaT where nobody waits."""
    hours: Floats
    """What the seat takes of today's rep until then."""

    @classmethod
    def of(cls, book: Book, rep_of_seat: Ints) -> Self:
        """The handovers of giving each seat this rep, -1: nobody."""
        size = len(rep_of_seat)
        waits, hours = np.zeros(size, np.bool_), np.zeros(size)
        dates = np.full(size, np.datetime64("NaT"), "datetime64[D]")
        seat = np.flatnonzero(rep_of_seat >= 0).astype(np.int32)
        late, _ = interims(book, seat, rep_of_seat[seat])
        waits[seat[late]] = True
        # Whoever starts within the horizon has a date: without one, reps start with it.
        dates[waits] = book.instance.reps.start_date[rep_of_seat[waits]]
        hours[seat] = interim_hours(book, seat, rep_of_seat[seat])
        return cls(book, waits, dates, hours)

    def of_reps(self) -> Floats:
        """Hours of each of today's reps, (reps,)."""
        holder = self.book.seats.current[self.waits]
        return np.bincount(holder, self.hours[self.waits], self.book.instance.n_reps).astype(np.float64)
