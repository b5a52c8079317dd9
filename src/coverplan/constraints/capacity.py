"""Rep capacity: the knapsack rows of the generalised assignment problem, one per rep."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, RowState, per_rep
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
    reps: RepFilter = Field(EVERY_REP, description="Reps with a limit; those without `capacity_hours` have none.")

    def rows(self, pairs: Candidates) -> RowBlock:
        limited = self.reps.mask(pairs.book) & ~np.isnan(pairs.book.capacity)
        return per_rep(pairs, limited, pairs.hours, upper=self.utilisation * pairs.book.capacity[limited])

    def explain(self, row: RowState) -> str:
        over = f", {row.violation:,.6g} too many" if row.violation > 0 else ""
        return f"{row.scope}: {row.activity:,.6g} of {row.upper or 0:,.6g} plannable hours used{over}."
