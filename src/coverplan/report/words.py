"""Numbers and names as people read them: thin precision, always a unit, proven figures rounded to the safe side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

SPACE = "\u202f"
"""Narrow and unbreakable, between a number and its unit."""
MINUS = "\u2212"
SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))
NEARLY = 1e-9
NAMED = 5


def number(value: float, digits: int | None = None) -> str:
    """A number with thousands separators; without `digits`, decimals only where they carry the information."""
    if digits is None:
        size = abs(value)
        whole = math.isclose(value, round(value), rel_tol=0, abs_tol=1e-6)
        digits = 0 if whole or size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if digits else text
    else:
        text = f"{value:,.{digits}f}"
    return text.replace("-", MINUS) if float(text.replace(",", "")) else text.replace("-", "")


def money(amount: float, currency: str) -> str:
    """An amount with its currency; cents only below a thousand."""
    return f"{currency}{SPACE}{number(amount, 2 if abs(amount) < 1000 else 0)}"


def money_at_most(amount: float, currency: str) -> str:
    """An amount rounded up, for what is proven never to be exceeded."""
    digits = 2 if abs(amount) < 1000 else 0
    return f"{currency}{SPACE}{number(_up(amount, digits), digits)}"


def short_money(amount: float, currency: str) -> str:
    """An amount for headlines: millions with two decimals."""
    for scale, unit in SCALES:
        if abs(amount) >= scale:
            return f"{currency}{SPACE}{number(amount / scale, 2)}{SPACE}{unit}"
    return money(amount, currency)


def percent(share: float) -> str:
    """A share of 1 in per cent, with as many digits as tell it from 0."""
    digits = _percent_digits(share)
    return f"{number(100 * share, digits)}{SPACE}%"


def percent_at_most(share: float) -> str:
    """A share in per cent, rounded up."""
    digits = _percent_digits(share)
    return f"{number(_up(100 * share, digits), digits)}{SPACE}%"


def rate(share: float) -> str:
    """A share that somebody chose, in per cent, as it was written."""
    return f"{number(round(100 * share, 6))}{SPACE}%"


def _percent_digits(share: float) -> int:
    size = abs(share)
    if size < 1e-9 or size >= 1:
        return 0
    return max(1, min(7, -math.floor(math.log10(size)) - 1))


def _up(value: float, digits: int) -> float:
    scaled = value * 10.0**digits
    return float(math.ceil(scaled - NEARLY * max(1.0, abs(scaled))) / 10.0**digits)


def count(size: int, one: str, many: str | None = None) -> str:
    """`1 account`, `1,200 accounts`."""
    return f"{size:,}{SPACE}{one if size == 1 else many or one + 's'}"


def amount(value: float, unit: str, currency: str) -> str:
    """A value in the unit of a rule; the unit `money` is the currency."""
    if unit == "money":
        return money(value, currency)
    singular = unit[:-3] + "y" if unit.endswith("ies") else unit[:-1]
    return f"{number(value)}{SPACE}{singular if value == 1 else unit}"


def listing(names: Sequence[str], shown: int = NAMED) -> str:
    """`Ana, Bo and 3 more`."""
    if len(names) > shown:
        return f"{', '.join(names[:shown])} and {len(names) - shown:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def words(identifier: str) -> str:
    """`account_executive` as `account executive`."""
    return identifier.replace("_", " ")


def sentence(parts: Iterable[str]) -> str:
    """The parts that say something, joined by semicolons."""
    return "; ".join(part for part in parts if part)


def to_cents(values: Sequence[float], total: float) -> list[float]:
    """The values rounded to cents so that they add up to the rounded total; the largest takes up the difference."""
    cents = [round(100 * value) for value in values]
    if cents:
        largest = max(range(len(cents)), key=lambda place: abs(cents[place]))
        cents[largest] += round(100 * total) - sum(cents)
    return [value / 100 for value in cents]
