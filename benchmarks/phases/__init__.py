"""The measures, one file each: what each says, and how it is read off a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.rows import Row
from coverplan.wording.rounding import up

MISSING = "-"


@dataclass(frozen=True)
class Reference:
    """What the rows of one instance are held against: the best plan and the least bound that anybody found."""

    best: float | None
    bound: float | None


@dataclass(frozen=True)
class Measure:
    """A number per row. Smaller is better."""

    title: str
    of: Callable[[Row, Reference], float | None]
    text: Callable[[float], str]
    shift: float
    """Added to both sides of a ratio, so that a hair above zero is not infinitely worse than zero."""

    def cell(self, row: Row, reference: Reference) -> str:
        """The number as the table shows it."""
        number = self.of(row, reference)
        return MISSING if number is None else self.text(number)


def share(number: float) -> str:
    """A relative gap in per cent, rounded up; what is within rounding is 0."""
    if number < 1e-6:
        return "0" if number < 1e-9 else "< 0.0001 %"
    return f"{up(number, 4 if number < 1e-3 else 2, units=100)} %"


def seconds(number: float) -> str:
    """Seconds with as many digits as they are worth."""
    return f"{number:.2f} s" if number < 10 else f"{number:,.0f} s"
