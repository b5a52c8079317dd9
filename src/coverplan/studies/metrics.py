"""Metrics: what plans are measured by, each with its unit and the direction that is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from coverplan.constraints.blocks import fair_shares
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.mip.feasibility import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE, tolerance

Direction = Literal["higher", "lower", "none"]
Values = dict[str, float | None]
"""By metric; None: not defined for this plan."""
MONEY = "currency"
_SEATS, SHARE, _HOURS, _RATIO = "seats", "share, 0 to 1", "hours", "ratio"
_KM, _ROWS, GAP, _SECONDS = "km", "rows", "share of the objective", "seconds"
TOLERANCES = {
    MONEY: ABSOLUTE_TOLERANCE,
    _HOURS: ABSOLUTE_TOLERANCE,
    _KM: ABSOLUTE_TOLERANCE,
    SHARE: RELATIVE_TOLERANCE,
    _RATIO: RELATIVE_TOLERANCE,
    GAP: RELATIVE_TOLERANCE,
    _SEATS: 0.0,
    _ROWS: 0.0,
    _SECONDS: 0.0,
}
"""By unit: what rounding may make of 0. A row may be missed by as much, a plan with as much of a gap is optimal."""
_BOOKS = "of the books' revenue over the reps' fair shares by capacity; the worst role counts"


@dataclass(frozen=True)
class Metric:
    """One thing that plans are measured by."""

    name: str
    unit: str
    direction: Direction
    description: str

    @property
    def tolerance(self) -> float:
        """Values that are no further apart are equal, whatever their size."""
        return TOLERANCES[self.unit]


METRICS = (
    Metric("objective", MONEY, "none", "Objective of the plan's own policy; not comparable between policies."),
    Metric("expected_revenue", MONEY, "higher", "Expected revenue before relationship loss, self-serve included."),
    Metric("relationship_loss", MONEY, "lower", "Revenue lost because relationships change hands."),
    Metric("net_revenue", MONEY, "higher", "Expected revenue less relationship loss."),
    Metric("kept", _SEATS, "higher", "Seats that stay with their rep."),
    Metric("moved", _SEATS, "lower", "Seats that leave a rep who could stay, for another one or for nobody."),
    Metric("moved_share", SHARE, "lower", "Moved seats as a share of those whose rep can stay."),
    Metric("moved_revenue", MONEY, "lower", "Revenue of the moved seats' accounts, once for each seat."),
    Metric("moved_revenue_share", SHARE, "lower", "The same as a share of that of all seats whose rep can stay."),
    Metric("forced", _SEATS, "none", "Seats that move because their rep cannot stay."),
    Metric("new", _SEATS, "none", "Covered seats that nobody covers today."),
    Metric("uncovered", _SEATS, "lower", "Seats that nobody covers."),
    Metric("uncovered_share", SHARE, "lower", "Accounts whose first role nobody covers, as a share."),
    Metric("revenue_max_min", _RATIO, "lower", f"Largest over smallest {_BOOKS}; not defined where a book is empty."),
    Metric("revenue_cv", _RATIO, "lower", f"Coefficient of variation {_BOOKS}."),
    Metric("revenue_gini", _RATIO, "lower", f"Gini coefficient {_BOOKS}."),
    Metric("hours_over", _HOURS, "lower", "Hours planned beyond the reps' capacities."),
    Metric("hours_under", _HOURS, "none", "Capacity that is not planned."),
    Metric("travel", _KM, "lower", "Distances between reps and their accounts, one way, summed over the seats."),
    Metric("violations", _ROWS, "lower", "Rows of soft rules that are missed."),
    Metric("penalty", MONEY, "lower", "What they cost under the plan's own policy."),
    Metric("gap", GAP, "lower", "Proven gap of the plan's own objective."),
    Metric("seconds", _SECONDS, "lower", "From the start of the solve to its end."),
)
BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(frozen=True)
class Money:
    """The terms of an assignment, each with weight 1, and its distances."""

    expected_revenue: float
    relationship_loss: float
    km: float
    hours: Floats
    """Planned per rep."""


def money(book: Book, reps: Ints) -> Money:
    """Revenue, loss and travel of giving each seat this rep (-1: uncovered), admissible or not."""
    n_seats, n_reps = len(book.seats), book.instance.n_reps
    covered = np.flatnonzero(reps >= 0)
    keys = covered.astype(np.int64) * n_reps + reps[covered]
    pairs = Candidates.from_unit_keys(book, keys, np.arange(n_seats, dtype=np.int32), n_seats)
    return Money(
        expected_revenue=float(pairs.value.sum() + book.self_serve[reps < 0].sum()),
        relationship_loss=float(pairs.loss.sum()),
        km=float(pairs.km.sum()),
        hours=np.bincount(pairs.rep, pairs.hours, n_reps).astype(np.float64),
    )


def measure(book: Book, reps: Ints) -> Values:
    """The metrics that follow from the facts and the assignment alone."""
    found, seats = money(book, reps), book.seats
    covered = reps >= 0
    capacity = book.capacity
    limited = ~np.isnan(capacity)
    spare = capacity[limited] - found.hours[limited]
    forgiven = tolerance(capacity[limited], found.hours[limited])
    spare = np.where(np.abs(spare) <= forgiven, 0.0, spare)  # where `capacity` holds, none is over
    first = seats.primary
    return {
        "expected_revenue": found.expected_revenue,
        "relationship_loss": found.relationship_loss,
        "net_revenue": found.expected_revenue - found.relationship_loss,
        "kept": float((covered & (seats.current == reps)).sum()),
        "new": float((covered & ~seats.held).sum()),
        "uncovered": float((~covered).sum()),
        "uncovered_share": float((first & ~covered).sum() / max(1, first.sum())),
        **balance(book, reps),
        "hours_over": float(np.maximum(0.0, -spare).sum()),
        "hours_under": float(np.maximum(0.0, spare).sum()),
        "travel": found.km,
    }


def balance(book: Book, reps: Ints) -> Values:
    """How far the books are from their fair shares: the worst of the roles, each among its own reps."""
    role_of_rep, seats = book.instance.reps.role, book.seats
    held = np.bincount(reps[reps >= 0], book.revenue[seats.account[reps >= 0]], book.instance.n_reps)
    spreads = [
        _spread(held[among] / shares[shares > 0])
        for role in np.unique(seats.role)
        if (shares := fair_shares(book.capacity[members := role_of_rep == role])).any()
        and (among := _positive(members, shares)).any()
    ]
    names = ("revenue_max_min", "revenue_cv", "revenue_gini")
    return {name: _worst([spread[place] for spread in spreads]) for place, name in enumerate(names)}


def _positive(members: Bools, shares: Floats) -> Bools:
    """Members whose fair share is not 0."""
    among = members.copy()
    among[members] = shares > 0
    return among


def _worst(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if known and len(known) == len(values) else None


def _spread(loads: Floats) -> tuple[float | None, float | None, float | None]:
    """Max over min, coefficient of variation and Gini coefficient of what reps hold; None where undefined."""
    mean, least = float(loads.mean()), float(loads.min())
    if mean <= 0:
        return None, None, None
    size = len(loads)
    ranks = 2.0 * np.arange(1, size + 1) - size - 1
    gini = float((ranks * np.sort(loads)).sum() / (size**2 * mean))
    return float(loads.max()) / least if least > 0 else None, float(loads.std()) / mean, max(0.0, gini)
