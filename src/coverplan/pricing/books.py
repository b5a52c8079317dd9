"""Whole books as columns: all that a plan within the gap can use, and the program that fits them together.

At given prices of the units a book loses what it is worth less than its rep's best. The losses of a plan's books add
up to its distance from the bound, so that a plan within the gap has only books that each lose at most the gap. They
are listed by walking the knapsack's table forward (the route enumeration of Baldacci, Christofides & Mingozzi, *An
exact algorithm for the vehicle routing problem based on the set partitioning formulation*, 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.mip.program import Program
from coverplan.pricing.knapsack import Integers, Knapsacks


@dataclass(frozen=True, eq=False)
class Books:
    """Books entry by entry: `book[e]` holds `unit[e]`; `rep` per book."""

    rep: Integers
    book: Integers
    unit: Integers

    def with_plan(self, rep_of_unit: Integers, n_reps: int) -> Books:
        """These and the books of a plan (-1: uncovered)."""
        held, first = np.flatnonzero(rep_of_unit >= 0), len(self.rep)
        return Books(
            np.concatenate([self.rep, np.arange(n_reps)]),
            np.concatenate([self.book, first + rep_of_unit[held]]),
            np.concatenate([self.unit, held]),
        )

    def program(self, knapsacks: Knapsacks) -> Program:
        """One book per rep and one rep per unit; the columns are the books, then the units' uncovered columns."""
        n_reps, n_units = knapsacks.value.shape
        n_books = len(self.rep)
        value = np.bincount(self.book, knapsacks.value[self.rep[self.book], self.unit], n_books)
        covers = sparse.coo_array((np.ones(len(self.book)), (self.unit, self.book)), shape=(n_units, n_books))
        owns = sparse.coo_array((np.ones(n_books), (self.rep, np.arange(n_books))), shape=(n_reps, n_books))
        may_idle = np.isfinite(knapsacks.idle)
        return Program(
            objective=np.concatenate([value, np.where(may_idle, knapsacks.idle, 0.0)]),
            matrix=sparse.csr_array(
                sparse.block_array([[covers, sparse.eye_array(n_units)], [owns, None]], format="csr")
            ),
            row_lower=np.concatenate([np.ones(n_units), np.full(n_reps, -np.inf)]),
            row_upper=np.ones(n_units + n_reps),
            lower=np.zeros(n_books + n_units),
            upper=np.concatenate([np.ones(n_books), may_idle.astype(np.float64)]),
            integer=np.ones(n_books + n_units, np.bool_),
            offset=knapsacks.offset,
        )

    def plan(self, x: Floats, n_units: int) -> Integers:
        """Rep of each unit at a point of the program, -1 for uncovered."""
        rep_of_unit = np.full(n_units, -1, np.int64)
        taken = x[self.book] > 0.5
        rep_of_unit[self.unit[taken]] = self.rep[self.book[taken]]
        return rep_of_unit


def books_within(knapsacks: Knapsacks, prices: Floats, most: float, limit: int) -> Books | None:
    """Every book that loses at most `most` at these prices; None where the walk meets more than `limit` at once."""
    profit = knapsacks.value - prices
    wanted = profit > -most
    count = int(wanted.sum(axis=1).max(initial=0))
    # Heavy units first: what they leave open decides early.
    order = np.argsort(np.where(wanted, -knapsacks.weight, 1), axis=1, kind="stable")[:, :count]
    rows = np.arange(len(knapsacks.capacity))[:, None]
    gains = np.where(wanted[rows, order], profit[rows, order], -np.inf)
    weights = np.where(np.isfinite(gains), knapsacks.weight[rows, order], 0)
    after = knapsacks.table_after(gains, weights)
    rep, room, loss = np.arange(len(rows)), knapsacks.capacity.copy(), np.zeros(len(rows))
    origins, skipped = [], []
    for place in range(count):
        here, rest = after[place][rep, room], after[place + 1]
        left = room - weights[rep, place]
        skip = loss + here - rest[rep, room]
        take = loss + here - gains[rep, place] - rest[rep, np.maximum(left, 0)]
        out, within = np.flatnonzero(skip <= most), np.flatnonzero((take <= most) & (left >= 0))
        origin = np.concatenate([out, within])
        if len(origin) > limit:
            return None
        origins.append(origin)
        skipped.append(len(out))
        loss = np.concatenate([skip[out], take[within]])
        room = np.concatenate([room[out], left[within]])
        rep = rep[origin]
    return _entries(rep, origins, skipped, order)


def _entries(rep: Integers, origins: list[Integers], skipped: list[int], order: Integers) -> Books:
    """Walk every book back to its start and note the units that it took."""
    state = np.arange(len(rep))
    books, units = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for place in range(len(origins) - 1, -1, -1):
        took: Bools = state >= skipped[place]
        book = np.flatnonzero(took)
        books.append(book)
        units.append(order[rep[book], place])
        state = origins[place][state]
    return Books(rep, np.concatenate(books), np.concatenate(units))
