"""Dates in CSV cells."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.tables.dates import explain, parse_dates


@pytest.mark.parametrize(
    "cell",
    [
        "2026-04-03",
        "2026-4-3",
        "2026/04/03",
        "2026-04-03 14:05",
        "2026-04-03T14:05:06.123Z",
        "2026-04-03T00:00:00+02:00",
        "20260403",
        "3.4.2026",
        "03.04.2026",
        "3-Apr-2026",
        "3 April 2026",
        "Apr 3, 2026",
        "April 3, 2026",
    ],
)
def test_one_reading_is_read(cell: str) -> None:
    dates, wrong = parse_dates(pl.Series([cell]), None)

    assert dates[0] == dt.date(2026, 4, 3)
    assert not wrong[0]


@pytest.mark.parametrize(
    ("cell", "date"), [("25/12/2026", (2026, 12, 25)), ("12/25/2026", (2026, 12, 25)), ("5/5/2026", (2026, 5, 5))]
)
def test_slashes_with_one_reading_are_read(cell: str, date: tuple[int, int, int]) -> None:
    dates, wrong = parse_dates(pl.Series([cell]), None)

    assert dates[0] == dt.date(*date)
    assert not wrong[0]


@pytest.mark.parametrize("cell", ["03/04/2026", "3/4/2026", "03-04-2026", "03/04/2026 10:00"])
def test_two_readings_are_refused_and_both_shown(cell: str) -> None:
    dates, wrong = parse_dates(pl.Series([cell]), None)
    text, suggestion = explain(cell)

    assert dates[0] is None
    assert wrong[0]
    assert "2026-04-03" in text
    assert "2026-03-04" in text
    assert "%d" in suggestion


@pytest.mark.parametrize(("form", "month"), [("%d/%m/%Y", 4), ("%m/%d/%Y", 3)])
def test_the_format_decides(form: str, month: int) -> None:
    dates, wrong = parse_dates(pl.Series(["03/04/2026", "03/04/2026 10:00", None]), form)

    assert [date and date.month for date in dates] == [month, month, None]
    assert not wrong.any()


@pytest.mark.parametrize(
    "cell", ["03/04/26", "2026-13-01", "2026-02-30", "soon", "45000", "0026-01-01", "1/2", "20261301"]
)
def test_the_rest_is_refused(cell: str) -> None:
    dates, wrong = parse_dates(pl.Series([cell]), None)

    assert dates[0] is None
    assert wrong[0]


def test_serial_numbers_are_recognised() -> None:
    """45000 is 2023-03-15 in spreadsheets."""
    assert "2023-03-15" in explain("45000")[0]


@given(
    st.dates(dt.date(1901, 1, 1), dt.date(2199, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d-%b-%Y", "%Y%m%d"]),
)
def test_written_dates_come_back_or_are_refused(date: dt.date, form: str) -> None:
    """Never another day; compact dates only from 1900 to 2099."""
    dates, wrong = parse_dates(pl.Series([date.strftime(form)]), None)

    assert dates[0] == date or (form == "%Y%m%d" and date.year > 2099 and wrong[0])


@given(st.dates(dt.date(1901, 1, 1), dt.date(2199, 12, 31)), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_slashes_are_never_read_wrongly(date: dt.date, form: str) -> None:
    dates, wrong = parse_dates(pl.Series([date.strftime(form)]), None)

    assert dates[0] == date or wrong[0]
