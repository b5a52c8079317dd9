"""Account count: how many accounts a rep may hold."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, bound, per_rep
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class AccountCount(Constraint):
    """Keep the number of (filtered) accounts of each rep between two bounds."""

    kind: Literal["account_count"] = "account_count"
    unit: ClassVar[str] = "accounts"
    min: int | None = Field(None, ge=0, description="Fewest accounts per rep.", examples=[10])
    max: int | None = Field(None, ge=0, description="Most accounts per rep.", examples=[60])
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps with the bounds.")

    def rows(self, pairs: Candidates) -> RowBlock:
        counted = self.accounts.mask(pairs.book)[pairs.account].astype(np.float64)
        reps = self.reps.mask(pairs.book)
        return per_rep(pairs, reps, counted, bound(self.min, -np.inf), bound(self.max, np.inf))
