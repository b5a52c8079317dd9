"""Churn: where two assignments of one book differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.instance import Floats, Ints


@dataclass(frozen=True)
class Churn:
    """Accounts that two assignments treat differently, and their revenue."""

    accounts: float
    revenue: float


def difference(book: Book, one: Ints, other: Ints) -> Churn:
    """Accounts with a seat that two assignments (rep per seat, -1: uncovered) fill differently; each counts once."""
    touched = np.unique(book.seats.account[one != other])
    return Churn(float(len(touched)), float(book.revenue[touched].sum()))


def matrix(book: Book, plans: Ints) -> tuple[Floats, Floats]:
    """The same for each two of several assignments, (plans, seats): accounts and revenue, (plans, plans)."""
    size, account = len(plans), book.seats.account
    counts, amounts = np.zeros((size, size)), np.zeros((size, size))
    first = np.flatnonzero(np.diff(account, prepend=-1))
    if len(first) == 0:
        return counts, amounts
    revenue = book.revenue[account[first]]
    for row in range(size):
        touched = np.logical_or.reduceat(plans != plans[row], first, axis=1)
        counts[row], amounts[row] = touched.sum(axis=1), touched @ revenue
    return counts, amounts


def changes(book: Book, one: Ints, other: Ints) -> Ints:
    """Seats that differ, most revenue first, ties in the order of the book."""
    seats = np.flatnonzero(one != other)
    order = np.argsort(-book.revenue[book.seats.account[seats]], kind="stable")
    return seats[order].astype(np.int32)


@dataclass(frozen=True, eq=False)
class BookChanges:
    """Per rep: seats gained and lost from one assignment to another, and the revenue of their accounts."""

    gained: Ints
    lost: Ints
    gained_revenue: Floats
    lost_revenue: Floats

    def order(self) -> Ints:
        """Reps whose books differ, most revenue first, ties in the order of the book."""
        touched = np.flatnonzero((self.gained > 0) | (self.lost > 0))
        amount = self.gained_revenue[touched] + self.lost_revenue[touched]
        return touched[np.argsort(-amount, kind="stable")].astype(np.int32)


def by_rep(book: Book, one: Ints, other: Ints) -> BookChanges:
    """What changes in each rep's book; an account whose rep holds several of its seats counts its revenue once."""
    gained, gained_revenue = _flow(book, other, one != other)
    lost, lost_revenue = _flow(book, one, one != other)
    return BookChanges(gained, lost, gained_revenue, lost_revenue)


def _flow(book: Book, reps: Ints, differs: np.ndarray) -> tuple[Ints, Floats]:
    """Seats and revenue per rep among the seats that differ."""
    n_reps, n_accounts = book.instance.n_reps, book.instance.n_accounts
    there = differs & (reps >= 0)
    seats = np.bincount(reps[there], minlength=n_reps).astype(np.int32)
    keys = np.unique(reps[there].astype(np.int64) * n_accounts + book.seats.account[there])
    rep, account = np.divmod(keys, n_accounts)
    return seats, np.bincount(rep, book.revenue[account], n_reps).astype(np.float64)
