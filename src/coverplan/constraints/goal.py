"""Goal: a corporate goal on a measure over chosen accounts and reps."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Measure, bound
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class Goal(Constraint):
    """The sum of a measure over filtered accounts covered by filtered reps lies between two bounds.

    Accounts, revenue and potential count an account once, by its first role, unless `role` names another; hours and
    expected revenue add up over all roles.
    """

    kind: Literal["goal"] = "goal"
    unit: ClassVar[str] = "units of the measure"
    measure: Measure = Field("revenue", description="What is summed.")
    min: float | None = Field(None, allow_inf_nan=False, description="Least sum.", examples=[3000000])
    max: float | None = Field(None, allow_inf_nan=False, description="Greatest sum.")
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps that count.")
    role: str | None = Field(None, description="Count the seats of this role only.", examples=["sales_engineer"])

    def rows(self, pairs: Candidates) -> RowBlock:
        book, seats = pairs.book, pairs.book.seats
        counted = self.accounts.mask(book)[seats.account]
        if self.role is not None:
            counted &= np.asarray([name == self.role for name in pairs.instance.roles])[seats.role]
        elif self.measure in {"accounts", "revenue", "potential"}:
            counted &= seats.primary
        row = np.where(counted[pairs.seat] & self.reps.mask(book)[pairs.rep], 0, -1)
        lower, upper = bound(self.min, -np.inf), bound(self.max, np.inf)
        return RowBlock.of(("company",), row, pairs.measure(self.measure), lower, upper)
