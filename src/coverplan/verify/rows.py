"""What every rule has in common: rows with bounds, and how a seat loads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from coverplan.verify.book import Document, Seat
from coverplan.verify.pairs import Floats, Indices
from coverplan.verify.value import Offers

Load = tuple["int | Indices", "float | Floats"]
"""The row of every rep (-1: none; one number: the same for all), and the coefficient of each rep that is offered."""

Cover = Sequence[int]
"""The rep of each seat, -1 where nobody covers it."""


def tolerance(bound: float, size: float = 1.0) -> float:
    """By how much a row may miss its bound: 1e-6 + 1e-9 |bound|.

    `size` is what the row adds up to, signs aside; a row that adds up to less than 1 may miss it by 1e-6 of that: a
    millionth of an hour is nothing beside hours, and much beside five millionths.
    """
    return 1e-6 * min(1.0, size) + 1e-9 * abs(bound)


@dataclass
class Sums:
    """What the rows of one rule add up to: their activities, and the same signs aside."""

    activities: list[float]
    sizes: list[float]

    def add(self, row: int, amount: float) -> None:
        """Add one seat to a row."""
        self.activities[row] += amount
        self.sizes[row] += abs(amount)


@dataclass(frozen=True)
class Row:
    """One row: the activity must lie between the bounds, None meaning no bound."""

    scope: str
    lower: float | None
    upper: float | None

    def violation(self, activity: float) -> float:
        """By how much a bound is missed."""
        short = 0.0 if self.lower is None else self.lower - activity
        over = 0.0 if self.upper is None else activity - self.upper
        return max(0.0, short, over)

    def slack(self, activity: float) -> float | None:
        """Distance to the nearest bound, 0 beyond it; None without bounds."""
        distances = []
        if self.upper is not None:
            distances.append(self.upper - activity)
        if self.lower is not None:
            distances.append(activity - self.lower)
        return max(0.0, min(distances)) if distances else None

    def breached(self, activity: float, size: float) -> bool:
        """Whether a bound is missed by more than the tolerance of a row that adds up to this size."""
        short = self.lower is not None and self.lower - activity > tolerance(self.lower, size)
        over = self.upper is not None and activity - self.upper > tolerance(self.upper, size)
        return short or over


@dataclass
class Rule:
    """One constraint of the policy; `penalty` None means hard."""

    spec: Document
    rows: list[Row] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.spec["id"])

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.spec["kind"])

    @property
    def penalty(self) -> float | None:
        """Money per unit of violation."""
        penalty = self.spec.get("penalty")
        return None if penalty is None else float(penalty)


def _no_loads(_seat: Seat, _offers: Offers) -> Iterable[Load]:
    return ()


def _no_unfilled(_seat: Seat) -> Iterable[tuple[int, float]]:
    return ()


@dataclass
class LinearRule(Rule):
    """A rule whose activities are sums over the chosen pairs and the uncovered seats; its rows may have prices."""

    loads: Callable[[Seat, Offers], Iterable[Load]] = _no_loads
    unfilled: Callable[[Seat], Iterable[tuple[int, float]]] = _no_unfilled

    def add(self, sums: Sums, seat: Seat, offer: Offers) -> None:
        """Add a seat, filled by the only rep of the offer, to the rows."""
        rep = offer.reps[0]
        for rows, amounts in self.loads(seat, offer):
            row = rows if isinstance(rows, int) else int(rows[rep])
            if row >= 0:
                sums.add(row, amounts if isinstance(amounts, float) else float(amounts[0]))

    def add_unfilled(self, sums: Sums, seat: Seat) -> None:
        """Add an uncovered seat to the rows."""
        for row, amount in self.unfilled(seat):
            sums.add(row, amount)

    def charge(self, prices: Floats, seat: Seat, offers: Offers) -> Floats:
        """What each rep offered would pay for the seat; `prices` has one more entry, 0, for "no row"."""
        total = np.zeros(len(offers.reps))
        for rows, amounts in self.loads(seat, offers):
            total += prices[rows if isinstance(rows, int) else rows[offers.reps]] * amounts
        return total

    def unfilled_charge(self, prices: Floats, seat: Seat) -> float:
        """What the uncovered seat would pay."""
        return sum(float(prices[row]) * amount for row, amount in self.unfilled(seat))


@dataclass
class CountedRule(Rule):
    """A rule whose rows are counted on a whole plan; its rows have no prices."""

    count: Callable[[Cover], list[float]] = field(kw_only=True)
