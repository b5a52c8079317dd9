"""Activity, ramp and timing, in calendar months."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from coverplan.domain import calendar
from support.by_hand import book
from support.domain import book_of

RAMP = [0.0, 0.5]


@pytest.mark.parametrize(
    ("fields", "active", "hours"),
    [
        ({}, 1, 1200),
        ({"start_date": "2027-04-01"}, 9 / 12, 900),  # April to December
        ({"start_date": "2027-04-16"}, 8.5 / 12, 850),  # 15 of April's 30 days are over
        ({"end_date": "2027-06-30"}, 6 / 12, 600),  # the last day worked counts
        ({"start_date": "2027-04-16", "end_date": "2027-09-30"}, 5.5 / 12, 550),
        ({"end_date": "2026-12-31"}, 0, 0),  # gone before the horizon
        ({"start_date": "2028-01-01"}, 0, 0),
        ({"status": "hired"}, 1, 1200),  # without a date: with the horizon
        ({"start_date": "2027-04-01", "ramp": RAMP}, 9 / 12, 750),  # 0 + 0.5 + 7 of 9 months
        ({"start_date": "2026-12-01", "ramp": RAMP}, 1, 1150),  # December 2026 took the 0; 0.5 + 11
        ({"start_date": "2026-12-16", "ramp": RAMP}, 1, 1200 - 100 * (15 / 31 + 0.5)),  # 16 / 31 of the 0 are over
        ({"start_date": "2027-04-01", "end_date": "2027-05-15", "ramp": RAMP}, (1 + 15 / 31) / 12, 50 * 15 / 31),
        ({"ramp": RAMP}, 1, 1200),  # active since ever: the ramp is over
        ({"status": "open", "ramp": RAMP}, 1, 1050),  # starts with the horizon: 0 + 0.5 + 10
        ({"capacity_hours": 0}, 1, 0),
    ],
)
def test_active_share_and_ramped_hours(fields: dict[str, Any], active: float, hours: float) -> None:
    """1,200 hours over 2027 are 100 a month."""
    rep = {"capacity_hours": 1200, **fields}
    instance = book_of(book({"a": {}}, {"ana": rep})).instance

    assert calendar.active_share(instance)[0] == pytest.approx(active)
    assert calendar.ramped_capacity(instance)[0] == pytest.approx(hours)


def test_no_capacity_is_no_number() -> None:
    """Null hours stay unknown, whatever the dates."""
    instance = book_of(book({"a": {}}, {"ana": {"start_date": "2027-04-01", "ramp": RAMP}})).instance

    assert np.isnan(calendar.ramped_capacity(instance)[0])


@pytest.mark.parametrize(
    ("fields", "days", "share"),
    [
        ({}, 365.25, 1),  # here since ever: no wait
        ({"start_date": "2027-04-01"}, 0, 9 / 12),
        ({"start_date": "2027-04-01"}, 91.3125, 6 / 12),  # 91.3125 / 30.4375 = 3 months of waiting
        ({"start_date": "2026-11-01"}, 91.3125, 11 / 12),  # two of the three months lie before the horizon
        ({"start_date": "2027-04-01", "end_date": "2027-05-31"}, 91.3125, 0),  # gone before the first deal
    ],
)
def test_new_business_waits_one_sales_cycle(fields: dict[str, Any], days: float, share: float) -> None:
    """Share of the horizon left after start and cycle."""
    instance = book_of(book({"a": {}}, {"ana": fields})).instance

    assert calendar.timing(instance, np.array([days]), np.array([0]))[0] == pytest.approx(share)
