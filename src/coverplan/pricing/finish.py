"""Attempts to finish: programs of the books or pairs of small loss, and what they prove for all plans.

A plan that uses a book or pair of loss above `most` is worth at most the knapsack bound less `most`; so the larger of
that and the program's own bound holds for every plan. Whole books give the tighter program where there are few.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.mip.program import Program, Result, Status
from coverplan.pricing.books import books_within
from coverplan.pricing.knapsack import ROUNDING, Integers, Knapsacks
from coverplan.pricing.knapsack_program import part_of
from coverplan.pricing.scope import UNKNOWN_OF_LISTED, Cut, OverListed

FIRST_S = 3.0
"""Time of the first attempt of a kind; doubled each time that it does not suffice."""
MOST_BOOKS, SOME_BOOKS = 10_000, 3_000
"""Books up to which branch and bound may prove a plan best, and up to which it is quick to look for a better one."""
WORTH_TRYING = 0.1
"""Share of the gap that the listed books must reach."""
LEAST_REACH = 0.05
"""Share of the gap that the pairs of an attempt must reach."""
WIDENING, WIDEST = 0.75, 3.0
"""Pairs beyond one per unit, per unit: in the first attempt, and in the last."""


@dataclass(frozen=True, eq=False)
class Attempt:
    """A program to solve, and how its points read as plans."""

    program: Program
    start: Floats
    plan: Callable[[Floats], Integers]
    cut: Cut
    seconds: float
    by_books: bool


class Finisher:
    """The losses at the best prices, and which attempt comes next."""

    def __init__(self, knapsacks: Knapsacks, prices: Floats, bound: float, step: float) -> None:
        self.knapsacks, self.prices, self.step = knapsacks, prices, step
        self.bound = bound + ROUNDING * abs(bound)
        self.losses, self.idle_losses = knapsacks.losses(prices)
        self.seconds = {True: FIRST_S, False: FIRST_S}
        self.level = 0
        self.settled = {True: 0.0, False: 0.0}
        """Losses up to which books and pairs have been searched in full."""
        self.turn = True
        self.tried_at = self.nothing_at = np.inf
        self.took = 0.0
        """Seconds that the latest choice of an attempt took."""

    def gap(self, worth: float) -> float:
        """What a plan of more worth may lose against the bound."""
        return self.bound - worth - 0.999 * self.step

    def next(self, rep_of_unit: Integers, worth: float) -> Attempt | None:
        """The next attempt from this plan, by books and by pairs in turn; None where none promises anything."""
        if worth == self.nothing_at:
            return None
        began = time.monotonic()
        attempt = self._next(rep_of_unit, worth)
        self.took = time.monotonic() - began
        return attempt

    def _next(self, rep_of_unit: Integers, worth: float) -> Attempt | None:
        for by_books in (self.turn, not self.turn):
            attempt = self._books(rep_of_unit, worth) if by_books else self._pairs(rep_of_unit, worth)
            if attempt is not None:
                self.turn = not by_books
                return attempt
        self.nothing_at = worth
        return None

    def _books(self, rep_of_unit: Integers, worth: float) -> Attempt | None:
        """All books within the gap, or within as much of it as they are few enough."""
        gap = self.gap(worth)
        most, books = gap, books_within(self.knapsacks, self.prices, gap, MOST_BOOKS)
        while books is None and most >= WORTH_TRYING * gap:
            most *= 0.5
            books = books_within(self.knapsacks, self.prices, most, SOME_BOOKS)
        # A part of the gap is searched once for each plan.
        if books is None or most <= self.settled[True] or (most < gap and worth == self.tried_at):
            return None
        self.tried_at = worth
        n_reps, n_units = self.knapsacks.value.shape
        books = books.with_plan(rep_of_unit, n_reps)
        start = np.zeros(len(books.rep) + n_units)
        start[len(books.rep) - n_reps : len(books.rep)] = 1.0
        start[len(books.rep) :] = rep_of_unit < 0
        program = books.program(self.knapsacks)
        return Attempt(
            program, start, lambda x: books.plan(x, n_units), self._cut(most), self.seconds[True], by_books=True
        )

    def _pairs(self, rep_of_unit: Integers, worth: float) -> Attempt | None:
        """Pairs within the gap, or a number of them that grows as attempts succeed."""
        gap, n_units = self.gap(worth), len(rep_of_unit)
        inside = self.losses[self.losses <= gap]
        few = len(inside) <= (1 + WIDEST) * n_units
        if self.level and not few:
            return None
        count = int((1 + WIDENING * 2.0**self.level) * n_units) if not few or not self.level else len(inside)
        most = float(np.partition(inside, count)[count]) if count < len(inside) else gap
        if most <= self.settled[False] or most < LEAST_REACH * gap:
            return None
        pairs, held = self.losses <= most, np.flatnonzero(rep_of_unit >= 0)
        pairs[rep_of_unit[held], held] = True
        part = part_of(self.knapsacks, pairs)
        start = part.point(rep_of_unit)
        return Attempt(part.program, start, part.plan, self._cut(most), self.seconds[False], by_books=False)

    def _cut(self, most: float) -> Cut:
        """Leave out what loses more than this: a plan that uses it is worth at most the bound less that."""
        return Cut(most, self.bound - most)

    def learn(self, attempt: Attempt, result: Result) -> tuple[Integers | None, OverListed]:
        """The plan of a result, and the bound that it proves for every plan over the listed pairs."""
        self.nothing_at = np.inf
        if result.status is Status.OPTIMAL or (
            result.objective is not None and result.dual_bound - result.objective <= 0.9995 * self.step
        ):
            self.settled[attempt.by_books] = attempt.cut.threshold
            self.level += not attempt.by_books
        else:
            self.seconds[attempt.by_books] *= 2.0
            self.level = self.level if attempt.by_books else max(1, self.level)
        plan = None if result.x is None else attempt.plan(result.x)
        bound = UNKNOWN_OF_LISTED if result.x is None else attempt.cut.of_all(result.dual_bound)
        return plan, OverListed(min(bound, self.bound))
