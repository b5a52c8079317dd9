"""The value of a pair day by day: who holds the account on each day of the horizon, and what comes in."""

from __future__ import annotations

import calendar
import datetime as dt
from functools import cache
from typing import Any

Document = dict[str, Any]


@cache
def weights(months: int) -> dict[dt.date, float]:
    """Every day of the first `months` months of 2027, and its share of them; every month counts the same."""
    days = [dt.date(2027, 1, 1) + dt.timedelta(days=place) for place in range(365)]
    return {day: 1 / calendar.monthrange(day.year, day.month)[1] / months for day in days if day.month <= months}


def works(rep: Document, day: dt.date) -> bool:
    """Whether the rep is there."""
    start, end = rep.get("start_date"), rep.get("end_date")
    if start is None and rep.get("status", "active") != "active":
        start = "2027-01-01"
    return (start is None or start <= str(day)) and (end is None or str(day) <= end)


def existing(account: Document, months: int) -> float:
    """What the past says of the horizon: every month of the last three years by itself, then the trend."""
    if account.get("kind") == "prospect":
        return 0.0
    if account.get("expected_revenue") is not None:
        return float(account["expected_revenue"])
    history, covered = account["revenue_history"], account.get("last_year_months", 12.0)
    if not history:
        return 0.0
    known = [(0.5, covered, history[-1] / covered)]
    known += [(weight, 12.0, amount / 12) for weight, amount in zip((0.3, 0.2), history[-2:-4:-1], strict=False)]
    monthly = sum(weight * length * amount for weight, length, amount in known)
    monthly /= sum(weight * length for weight, length, _ in known)
    pace = [amount for _, _, amount in known[:2]]
    trend = min(1.25, max(0.75, pace[0] / pace[1])) if len(pace) > 1 and pace[1] > 0 else 1.0
    return float(months * monthly * trend)


def value(account: Document, rep: Document, holder: Document | None, self_serve: float, fits: list[float]) -> float:
    """Existing revenue and new business of an account of one role without a sales cycle.

    `fits` are the multipliers of the rep and of today's rep.
    """
    total, months = 0.0, account["months"]
    here = existing(account, months)
    begins = rep.get("start_date", "2027-01-01" if rep.get("status", "active") != "active" else "0001-01-01")
    for day, weight in weights(months).items():
        if works(rep, day):
            total += weight * fits[0] * (here + account["potential"])
        elif holder is not None and str(day) < begins and works(holder, day):
            total += weight * fits[1] * here
        else:
            total += weight * fits[0] * here * self_serve
    return total


def held_share(rep: Document, holder: Document, months: int) -> float:
    """Share of the horizon in which the holder works before the rep starts."""
    begins = rep.get("start_date", "0001-01-01")
    return sum(weight for day, weight in weights(months).items() if str(day) < begins and works(holder, day))
