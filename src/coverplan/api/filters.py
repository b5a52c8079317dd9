"""Filters that lists have in common. What a list does not know is an error, as every unknown parameter is."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator

from coverplan.payload.base import PLAIN
from coverplan.store.lists import Which

_MOST = 500


def _dated(text: object) -> object:
    """Numbers are no times, whatever could be made of them."""
    if isinstance(text, str) and not re.match(r"\d{4}-\d\d-\d\d", text):
        raise ValueError("not a time as ISO 8601 writes it")
    return text


Label = Annotated[
    str | None, Query(max_length=_MOST, pattern=PLAIN, description="Those with this one only, compared exactly.")
]
_Prefix = Annotated[
    str | None,
    Query(max_length=_MOST, pattern=PLAIN, description="Those whose name begins so only, compared exactly."),
]
_From = Annotated[
    dt.datetime | None,
    BeforeValidator(_dated),
    Query(
        description="Those created then or later. ISO 8601; without a time zone: UTC.",
        examples=["2027-01-05T08:30:00Z"],
    ),
]
_To = Annotated[
    dt.datetime | None,
    BeforeValidator(_dated),
    Query(
        description="Those created before then. ISO 8601; without a time zone: UTC.", examples=["2027-01-05T08:30:00Z"]
    ),
]


async def _dates(created_from: _From = None, created_to: _To = None) -> Which:
    return Which(created_from=_seconds(created_from), created_to=_seconds(created_to))


async def _names_and_dates(
    name: Label = None, name_prefix: _Prefix = None, created_from: _From = None, created_to: _To = None
) -> Which:
    return Which(name, name_prefix, _seconds(created_from), _seconds(created_to))


Dated = Annotated[Which, Depends(_dates)]
"""Filters of a list whose items have no names."""
Named = Annotated[Which, Depends(_names_and_dates)]
"""Filters of a list whose items have names."""


def _seconds(time: dt.datetime | None) -> float | None:
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()
