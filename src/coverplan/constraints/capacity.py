"""Rep capacity: the knapsack rows of the generalised assignment problem, one per rep."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, RowState, per_rep, positions
from coverplan.constraints.filters import EVERY_REP, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class Capacity(Constraint):
    """Keep each rep's planned hours within a share of the ramped hours."""

    kind: Literal["capacity"] = "capacity"
    unit: ClassVar[str] = "hours"
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

    def explain(self, row: RowState) -> str:
        over = f", {row.violation:,.6g} too many" if row.violation > 0 else ""
        return f"{row.scope}: {row.activity:,.6g} of {row.upper or 0:,.6g} plannable hours used{over}."
