"""Moves: which seats leave a rep who could stay, and what each counts for. Rules, roll-ups and metrics all ask here."""

from __future__ import annotations

from dataclasses import dataclass

from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats, Ints


@dataclass(frozen=True)
class Moved:
    """What an assignment moves, as each metric of that name says it and each rule `max_...` of that name caps it."""

    moved: int
    """Seats."""
    moved_share: float
    """Of the seats whose rep can stay; 0 where there is none."""
    moved_revenue: float
    """Base revenue of their accounts; of one with several roles once for each seat that moves."""
    moved_revenue_share: float
    """The same as a share of all seats whose rep can stay; 0 where they have no revenue."""


def weight(book: Book, name: str) -> Floats:
    """What each seat counts for in a metric of `Moved`, (seats,): its account's revenue, or one."""
    return book.seat_measure("revenue" if name in ("moved_revenue", "moved_revenue_share") else "accounts")


def moved_seats(pairs: Candidates, rep_of_seat: Ints) -> Bools:
    """Seats whose rep could stay and does not, (seats,): another rep covers them, or nobody (-1)."""
    left: Bools = pairs.keeps & (pairs.book.seats.current != rep_of_seat)
    return left


def moved(pairs: Candidates, rep_of_seat: Ints) -> Moved:
    """What giving each seat this rep moves; -1: uncovered."""
    left, staying, revenue = moved_seats(pairs, rep_of_seat), pairs.keeps, weight(pairs.book, "moved_revenue")
    seats, amount, base = int(left.sum()), float(revenue[left].sum()), float(revenue[staying].sum())
    return Moved(
        moved=seats,
        moved_share=seats / max(1, int(staying.sum())),
        moved_revenue=amount,
        moved_revenue_share=amount / base if base > 0 else 0.0,
    )
