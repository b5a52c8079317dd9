"""Rounding to the safe side, and sums that still add up once they are rounded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Context, Decimal

_EXACT = Context(prec=400, rounding=ROUND_CEILING)
"""Holds every double to every digit that is asked for."""


def up(value: float, digits: int, units: int = 1) -> Decimal:
    """`value`, counted in `units` to one, with so many digits and never less.

    It is the decimal that a document shows which is rounded: 0.003 in per cent is 0.30, not 0.31 for the 18th digit of
    the double. What is read back as a double and divided by `units` is no less than the value either.
    """
    step = Decimal(1).scaleb(-digits)
    found = (Decimal(repr(float(value))) * units).quantize(step, context=_EXACT)
    return found if float(found) / units >= value else _EXACT.add(found, step)


def down(value: float, digits: int) -> Decimal:
    """`value` with so many digits and never more."""
    return -up(-value, digits)


def to_cents(values: Sequence[float], total: float) -> list[float]:
    """The values rounded to cents so that they add up to the rounded total; the largest takes up the difference."""
    cents = [round(100 * value) for value in values]
    if cents:
        largest = max(range(len(cents)), key=lambda place: abs(cents[place]))
        cents[largest] += round(100 * total) - sum(cents)
    return [value / 100 for value in cents]
