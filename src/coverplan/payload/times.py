"""Times at the border: seconds since 1970 inside, ISO 8601 in UTC outside."""

from __future__ import annotations

import datetime as dt


def moment(seconds: float) -> dt.datetime:
    """The time that many seconds after 1970, in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def maybe_moment(seconds: float | None) -> dt.datetime | None:
    """The same of what may not have come yet."""
    return None if seconds is None else moment(seconds)
