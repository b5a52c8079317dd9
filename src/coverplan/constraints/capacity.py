"""Capacity: a rep's hours stay within a share of the ramped hours.

The knapsack rows of the generalised assignment problem, one per rep.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Side
from coverplan.constraints.blocks import per_rep, positions
from coverplan.constraints.filters import EVERY_REP, RepFilter
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Floats
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import rate


class Capacity(Constraint):
    """Keep each rep's planned hours within a share of the ramped hours."""

    kind: Literal["capacity"] = "capacity"
    unit: ClassVar[str] = "hours"
    example: ClassVar[dict[str, Any]] = {"utilisation": 1.1, "count_interim": True}
    utilisation: float = Field(
        1.0, gt=0, le=10, allow_inf_nan=False, description="Plannable share of each rep's ramped hours.", examples=[0.9]
    )
    count_interim: bool = Field(
        False,
        description="Whether hours count that a rep works on accounts until their next rep starts (`interim_hours`), "
        "beside those of the rep's own book.",
        examples=[True],
    )
    reps: RepFilter = Field(EVERY_REP, description="Reps with a limit; those without `capacity_hours` have none.")

    def rows(self, pairs: Candidates) -> RowBlock:
        limited = self.reps.mask(pairs.book) & ~np.isnan(pairs.book.capacity)
        block = per_rep(pairs, limited, pairs.hours, upper=self.utilisation * pairs.book.capacity[limited])
        if not self.count_interim:
            return block
        # A seat without a holder has no interim hours either.
        holder = np.maximum(pairs.book.seats.current[pairs.seat], 0)
        row = np.where(pairs.interim_hours > 0, positions(limited)[holder], -1)
        return block.with_more(row, pairs.interim_hours)

    def asks(self, currency: str) -> str:
        interim = ", with those on accounts held until their next rep starts," if self.count_interim else ""
        return f"Each rep's hours{interim} fit into {rate(self.utilisation)} of the capacity"

    def unit_of(self, scope: str) -> str:
        return "hours"

    def one_more(self, step: str, side: Side, who: str) -> str:
        return f"One more hour of {who}"

    @property
    def book_measure(self) -> str:
        return "hours"

    def hours_limit(self, book: Book) -> Floats:
        hours = self.utilisation * np.where(np.isnan(book.capacity), np.inf, book.capacity)
        return np.where(self.reps.mask(book), hours, np.inf)
