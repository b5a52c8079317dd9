"""Dates as months: when a rep works, how productive, and when new business comes in."""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass

DAYS_PER_MONTH = 30.4375


def month_index(day: dt.date) -> float:
    """Months since year 0, days counting as fractions of their own month."""
    days_in_month = calendar.monthrange(day.year, day.month)[1]
    return 12 * day.year + (day.month - 1) + (day.day - 1) / days_in_month


@dataclass(frozen=True)
class Horizon:
    """The months that the plan is for, as month indices."""

    start: float
    months: float

    @property
    def end(self) -> float:
        """First moment after the horizon."""
        return self.start + self.months

    @property
    def years(self) -> float:
        """Length in years."""
        return self.months / 12

    def within(self, moment: float) -> float:
        """The moment, moved to the horizon where it lies outside."""
        return min(self.end, max(self.start, moment))

    def overlap(self, start: float, end: float) -> float:
        """Months of the horizon between two moments."""
        return max(0.0, min(self.end, end) - max(self.start, start))

    def active_share(self, start: float, end: float) -> float:
        """Share of the horizon in which someone who works from start to end is there."""
        return self.overlap(start, end) / self.months

    def timing(self, start: float, end: float, cycle_days: float) -> float:
        """Share of the horizon after the start and one sales cycle; no wait for those who always were there."""
        return self.overlap(start + cycle_days / DAYS_PER_MONTH, end) / self.months

    def productive_share(self, start: float, end: float, ramp: list[float] | None) -> float:
        """Integral of the productivity over the active months, as a share of the horizon."""
        if ramp is None or math.isinf(start):
            return self.active_share(start, end)
        steps = [(start + k, start + k + 1, productivity) for k, productivity in enumerate(ramp)]
        steps.append((start + len(ramp), math.inf, 1.0))
        return sum(self.overlap(begin, min(stop, end)) * level for begin, stop, level in steps) / self.months
