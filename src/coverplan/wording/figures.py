"""Numbers, money and shares as people read them: thin precision, always a unit, proven ones to the safe side.

`at_most` and `at_least` are for what is proven: a gap and an upper bound are rounded up, never to nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from coverplan.wording.rounding import down, up

SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))
CENTS_BELOW = 1000
"""Amounts from here on are shown without cents."""
NEARLY_A_UNIT = 0.999
SHARE_DIGITS = 7
"""Most digits of a percentage: a gap of 1e-9 is where proofs of optimality end."""
LEAST_SHARE = 10.0 ** -(SHARE_DIGITS + 2)


@dataclass(frozen=True)
class Figures:
    """Figures, and how they are set."""

    space: str
    """Between a number and its unit."""
    minus: str

    def number(self, value: float | Decimal, digits: int | None = None) -> str:
        """A number with thousands separators; without `digits`, decimals only where they carry the information."""
        if digits is None:
            text = f"{value:,.{_digits(float(value))}f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
        else:
            text = f"{value:,.{digits}f}"
        return self._signed(text)

    def significant(self, value: float, figures: int = 4, whole_from: float = 1000) -> str:
        """A number with so many figures, whole from a size on: an activity or a bound in its own unit."""
        return self._signed(f"{value:,.0f}" if abs(value) >= whole_from else f"{value:,.{figures}g}")

    def significant_at_most(self, value: float, figures: int = 4, whole_from: float = 1000) -> str:
        """The same, rounded up."""
        return self._bounded(value, figures, whole_from, ROUND_CEILING)

    def significant_at_least(self, value: float, figures: int = 4, whole_from: float = 1000) -> str:
        """The same, rounded down."""
        return self._bounded(value, figures, whole_from, ROUND_FLOOR)

    def money(self, amount: float, currency: str, digits: int | None = None) -> str:
        """An amount with its currency; cents only below a thousand."""
        return self._money(amount, currency, _cents(amount) if digits is None else digits)

    def money_at_most(self, amount: float, currency: str) -> str:
        """An amount rounded up, for what is proven never to be exceeded."""
        return f"{currency}{self.space}{self.amount_at_most(amount)}"

    def money_at_least(self, amount: float, currency: str) -> str:
        """An amount rounded down, for what is proven to be reached."""
        return f"{currency}{self.space}{self._safe(down, amount)}"

    def amount_at_most(self, amount: float) -> str:
        """An amount rounded up, without a currency."""
        return self._safe(up, amount)

    def short_money(self, amount: float, currency: str) -> str:
        """An amount for headlines: millions with two decimals."""
        scale, unit = _scale(amount)
        return f"{self._money(amount / scale, currency, 2)}{self.space}{unit}" if unit else self.money(amount, currency)

    def short_money_at_most(self, amount: float, currency: str) -> str:
        """The same, rounded up."""
        scale, unit = _scale(amount)
        if not unit:
            return self.money_at_most(amount, currency)
        rounded = up(amount, 2 - round(math.log10(scale))) / Decimal(scale)
        return f"{self._money(rounded, currency, 2)}{self.space}{unit}"

    def percent(self, share: float, digits: int | None = None) -> str:
        """A share of 1 in per cent; without `digits`, as many as tell it from 0."""
        if digits is None:
            digits = _share_digits(share) if abs(share) >= LEAST_SHARE else 0
        return f"{self.number(100 * share, digits)}{self.space}%"

    def percent_at_most(self, share: float, least_digits: int = 0) -> str:
        """A share in per cent, rounded up: a gap, whose printed figure is never below it."""
        digits = max(least_digits, _share_digits(share))
        return f"{self.number(up(share, digits, units=100), digits)}{self.space}%"

    def rate(self, share: float) -> str:
        """A share that somebody chose, in per cent, as it was written."""
        return f"{self.number(round(100 * share, 6))}{self.space}%"

    def count(self, size: int, one: str, many: str | None = None) -> str:
        """`1 account`, `1,200 accounts`."""
        return f"{size:,}{self.space}{one if size == 1 else many or one + 's'}"

    def amount(self, value: float, unit: str, currency: str) -> str:
        """A value in the unit of a rule; the unit `money` is the currency."""
        if unit == "money":
            return self.money(value, currency)
        return f"{self.number(value)}{self.space}{singular(unit) if value == 1 else unit}"

    def seconds(self, value: float) -> str:
        """How long something took."""
        return f"{value:,.1f}{self.space}s"

    def _money(self, amount: float | Decimal, currency: str, digits: int) -> str:
        return f"{currency}{self.space}{self.number(amount, digits)}"

    def _safe(self, rounded: Callable[[float, int], Decimal], amount: float) -> str:
        """An amount on the safe side; with cents where a whole unit would tell of nothing but the noise of doubles."""
        digits = _cents(amount)
        if abs(rounded(amount, digits) - Decimal(amount)) > NEARLY_A_UNIT:
            digits = 2
        return self.number(rounded(amount, digits), digits)

    def _bounded(self, value: float, figures: int, whole_from: float, rounding: str) -> str:
        rounded = up(value, 0) if rounding == ROUND_CEILING else down(value, 0)
        if abs(value) < whole_from:
            rounded = Context(figures, rounding).create_decimal(repr(float(value)))
        return self.significant(float(rounded), figures, whole_from)

    def _signed(self, text: str) -> str:
        """Nothing that is shown as 0 has a sign."""
        return text.replace("-", self.minus, 1) if any(digit in text for digit in "123456789") else text.lstrip("-")


PLAIN = Figures(" ", "-")
"""For terminals, logs and documents."""
TYPESET = Figures("\u202f", "\u2212")
"""For pages: the space is narrow and unbreakable, the minus sign is one."""


def singular(unit: str) -> str:
    """One of a plural noun."""
    return unit[:-3] + "y" if unit.endswith("ies") else unit[:-1]


def _cents(amount: float) -> int:
    """How many decimals an amount is shown with."""
    return 2 if abs(amount) < CENTS_BELOW else 0


def _digits(value: float) -> int:
    size = abs(value)
    whole = math.isclose(value, round(value), rel_tol=0, abs_tol=1e-6)
    return 0 if whole or size >= CENTS_BELOW else 1 if size >= 100 else 2 if size >= 1 else 4


def _share_digits(share: float) -> int:
    size = abs(share)
    if size == 0 or size >= 1:
        return 0
    return max(1, min(SHARE_DIGITS, -math.floor(math.log10(size)) - 1))


def _scale(amount: float) -> tuple[float, str]:
    return next(((scale, unit) for scale, unit in SCALES if abs(amount) >= scale), (1.0, ""))
