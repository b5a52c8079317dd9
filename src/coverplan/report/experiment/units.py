"""Values of metrics as people read them, each in its unit."""

from __future__ import annotations

from coverplan.studies.metrics import GAP, MONEY, SHARE
from coverplan.wording.words import (
    SPACE,
    money,
    money_at_least,
    money_at_most,
    number,
    percent,
    percent_at_most,
    short_money,
    words,
)

SHARES = {SHARE, GAP}
SHORT = {"hours": "h", "seconds": "s", "ratio": ""}
LABELS = {
    "revenue_max_min": "revenue max / min",
    "revenue_cv": "revenue CV",
    "revenue_gini": "revenue Gini",
    "forced": "forced moves",
}
NOTHING = "\u2013"
"""Where there is no value."""


class Units:
    """Amounts in one currency; without one where problems have several."""

    def __init__(self, currency: str | None) -> None:
        self.currency = currency or ""

    def label(self, unit: str) -> str:
        """What stands beside the name of a metric; shares are shown in per cent, which says it."""
        return self.currency if unit == MONEY else "" if unit in SHARES else SHORT.get(unit, unit)

    def value(self, value: float | None, unit: str) -> str:
        """A value below a heading that names its unit."""
        if value is None:
            return NOTHING
        if unit in SHARES:
            return percent_at_most(value) if unit == GAP and value > 0 else percent(value)
        return number(value, 2 if abs(value) < 1000 else 0) if unit == MONEY else number(value)

    def change(self, value: float | None, unit: str) -> str:
        """A difference, with its sign; that of shares in percentage points."""
        if value is None:
            return NOTHING
        text = percent(value).replace("%", "pp") if unit in SHARES else self.value(value, unit)
        return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text

    def amount(self, value: float | None, *, short: bool = False) -> str:
        """Money with its currency."""
        if value is None:
            return NOTHING
        return (short_money if short else money)(value, self.currency).lstrip(SPACE)

    def at_least(self, value: float | None) -> str:
        """Money rounded down, for what is proven to be reached."""
        return NOTHING if value is None else money_at_least(value, self.currency).lstrip(SPACE)

    def at_most(self, value: float | None) -> str:
        """Money rounded up, for what is proven never to be exceeded."""
        return NOTHING if value is None else money_at_most(value, self.currency).lstrip(SPACE)

    def between(self, low: float | None, high: float | None) -> str:
        """Where a proven amount lies, in words."""
        if low is not None and high is not None:
            return f"{self.at_least(low)} to {self.at_most(high)}"
        if low is not None:
            return f"at least {self.at_least(low)}"
        return "not proven" if high is None else f"at most {self.at_most(high)}"


def title(metric: str) -> str:
    """Name of a metric in words."""
    return LABELS.get(metric, words(metric))
