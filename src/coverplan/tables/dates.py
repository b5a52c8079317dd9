"""Dates as people write them. What can be read two ways (`03/04/2026`) is refused unless the mapping gives the format.

Read without a format: ISO dates, with or without a time; `20260403`; `3.4.2026` (day first, as everywhere that
writes points); month names (`3-Apr-2026`, `April 3, 2026`); slashes and dashes that allow one reading only.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

NAMED = ("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y", "%d/%b/%Y")
TIME = r"[T ]+\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)? ?([AaPp][Mm]|Z|[+-]\d{2}:?\d{2})?$"
BLANK = ("-", "n/a", "null", "none", "#n/a", "0000-00-00")
EPOCH = dt.date(1899, 12, 30)
"""Day 0 of a spreadsheet's serial dates."""


def parse_dates(cells: pl.Series, form: str | None) -> tuple[pl.Series, pl.Series]:
    """Dates (null where blank or wrong) and a mask of the cells that cannot be read, or not in one way only.

    Args:
        cells: text without surrounding space, null where blank.
        form: a strptime format; the cell must have it.
    """
    text = cells.cast(pl.String)
    blank = text.is_null() | text.str.to_lowercase().is_in(BLANK)
    day = text if form and "%H" in form else text.str.replace(TIME, "")
    if form:
        dates = text.str.strptime(pl.Date, form, strict=False)
        if dates.null_count() > blank.sum():
            dates = dates.zip_with(dates.is_not_null(), day.str.strptime(pl.Date, form, strict=False))
    else:
        dates = _one_reading(day)
    sane = dates.is_not_null() & dates.is_between(dt.date(1900, 1, 1), dt.date(2200, 1, 1)).fill_null(False)
    dates = dates.to_frame("date").select(pl.when(sane).then("date").alias("date"))["date"]
    dates = dates.to_frame("date").select(pl.when(~blank).then("date").alias("date"))["date"]
    return dates, ~blank & dates.is_null()


def readings(cell: str) -> list[tuple[str, dt.date]]:
    """The formats (day or month first) that read a cell, with what they read; two different days are ambiguous."""
    found = []
    day = pl.Series([cell]).str.replace(TIME, "")[0]
    mark = "-" if "-" in day else "/"
    for form in (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y"):
        try:
            found.append((form, dt.datetime.strptime(day, form).date()))
        except ValueError:
            continue
    return found


def explain(cell: str) -> tuple[str, str]:
    """What is wrong with a cell that `parse_dates` refused without a format, and what to do about it."""
    found = readings(cell)
    if len(found) > 1 and found[0][1] != found[1][1]:
        (first, day), (second, other) = found
        text = f"'{cell}' may be {day.isoformat()} ({first}) or {other.isoformat()} ({second})."
        return text, f'Give the format in the mapping: date = "{first}".'
    if cell.isdigit() and 20000 <= int(cell) <= 80000:
        day = EPOCH + dt.timedelta(days=int(cell))
        text = f"'{cell}' is a spreadsheet's day number ({day.isoformat()}), not a date."
        return text, "Format the column as a date (YYYY-MM-DD) before saving it as CSV."
    return f"'{cell}' is not a date.", "Write YYYY-MM-DD, or give the format in the mapping."


def _one_reading(day: pl.Series) -> pl.Series:
    """Dates of the cells that can be read in one way only."""
    frame = day.to_frame("day")
    iso = pl.col("day").str.replace_all(r"[/.]", "-")
    ymd = pl.when(pl.col("day").str.contains(r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$")).then(iso)
    compact = pl.when(pl.col("day").str.contains(r"^(?:19|20)\d{6}$")).then("day")
    points = pl.when(pl.col("day").str.contains(r"^\d{1,2}\.\d{1,2}\.\d{4}$")).then("day")
    slashes = pl.when(pl.col("day").str.contains(r"^\d{1,2}([-/])\d{1,2}([-/])\d{4}$")).then(
        pl.col("day").str.replace_all("-", "/")
    )
    day_first = slashes.str.strptime(pl.Date, "%d/%m/%Y", strict=False)
    month_first = slashes.str.strptime(pl.Date, "%m/%d/%Y", strict=False)
    one_way = (
        pl.when(day_first.is_null() | (day_first == month_first))
        .then(month_first)
        .when(month_first.is_null())
        .then(day_first)
    )
    named = [
        pl.when(pl.col("day").str.contains(r"[A-Za-z]{3}.*\d{4}$"))
        .then("day")
        .str.strptime(pl.Date, form, strict=False)
        for form in NAMED
    ]
    return frame.select(
        pl.coalesce(
            ymd.str.strptime(pl.Date, "%Y-%m-%d", strict=False),
            compact.str.strptime(pl.Date, "%Y%m%d", strict=False),
            points.str.strptime(pl.Date, "%d.%m.%Y", strict=False),
            one_way,
            *named,
        ).alias("date")
    )["date"]
