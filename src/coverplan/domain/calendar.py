"""Months, activity, ramp: when a rep works, and how productively.

Time is counted in calendar months: `12 * year + month - 1 + (day - 1) / days in the month`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from coverplan.domain.instance import ACTIVE, Dates, Floats, Instance, Ints, Ragged

DAYS_PER_MONTH = 365.25 / 12


def month_index(dates: Dates) -> Floats:
    """Months since year 0 of each date, fractional; NaN for NaT."""
    months = dates.astype("datetime64[M]")
    days_into = (dates - months.astype("datetime64[D]")).astype(np.float64)
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.float64)
    index: Floats = months.astype(np.int64) + 1970 * 12 + days_into / length
    index[np.isnat(dates)] = np.nan
    return index


def horizon(instance: Instance) -> tuple[float, float]:
    """First month and end of the horizon, in month indices."""
    start = _month(instance.start)
    return start, start + instance.months


@lru_cache(256)
def _month(day: np.datetime64) -> float:
    return float(month_index(np.asarray([day]))[0])


def employment(instance: Instance) -> tuple[Floats, Floats]:
    """Start and end of each rep in month indices; the end date is the last day worked.

    Without dates an active rep is there from minus to plus infinity; a hired or open one starts with the horizon.
    """
    reps = instance.reps
    start = month_index(reps.start_date)
    start = np.where(np.isnan(start), np.where(reps.status == ACTIVE, -np.inf, horizon(instance)[0]), start)
    end = month_index(reps.end_date + np.timedelta64(1, "D"))
    return start, np.where(np.isnan(end), np.inf, end)


def active_interval(instance: Instance) -> tuple[Floats, Floats]:
    """First and last month index in which each rep works within the horizon (equal when never)."""
    first, last = horizon(instance)
    start, end = employment(instance)
    begin = np.clip(start, first, last)
    return begin, np.maximum(begin, np.clip(end, first, last))


def active_share(instance: Instance) -> Floats:
    """Share of the horizon in which each rep works."""
    begin, end = active_interval(instance)
    return (end - begin) / instance.months


def held_until_start(instance: Instance, holder: Ints, rep: Ints) -> Floats:
    """Share of the horizon in which each holder works before the rep beside it starts."""
    begin, end = active_interval(instance)
    held: Floats = np.maximum(0.0, np.minimum(end[holder], begin[rep]) - begin[holder]) / instance.months
    return held


def _productive_months(ramp: Ragged, since_start: Floats) -> Floats:
    """Integral of each rep's productivity over the first `since_start` months after the start."""
    total = np.maximum(since_start, 0.0).astype(np.float64)
    position = np.arange(len(ramp.values)) - ramp.start[ramp.owners]
    elapsed = np.clip(since_start[ramp.owners] - position, 0.0, 1.0)
    lost = elapsed * (1.0 - ramp.values.astype(np.float64))
    np.subtract.at(total, ramp.owners, lost)
    return total


def ramped_capacity(instance: Instance) -> Floats:
    """Hours each rep can plan over the horizon: start, end and ramp applied; NaN without a capacity."""
    begin, end = active_interval(instance)
    start = employment(instance)[0]
    ramped = np.isfinite(start) & (instance.reps.ramp.lengths > 0)
    since = np.where(ramped, start, begin)
    productive = end - begin
    with_ramp = _productive_months(instance.reps.ramp, end - since) - _productive_months(
        instance.reps.ramp, begin - since
    )
    productive = np.where(ramped, with_ramp, productive)
    ramped_hours: Floats = instance.reps.capacity_hours * productive / instance.months
    return ramped_hours


def timing(instance: Instance, cycle_days: Floats, rep: np.ndarray) -> Floats:
    """Share of the horizon in which a rep can close new business: after the start plus one sales cycle."""
    first, last = horizon(instance)
    start, end = employment(instance)
    ready = np.maximum(first, start[rep] + cycle_days / DAYS_PER_MONTH)
    share: Floats = np.maximum(0.0, np.minimum(last, end[rep]) - ready) / instance.months
    return share
