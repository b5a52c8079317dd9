"""Account count: fewest and most accounts per rep."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import bound, per_rep
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import between, number


class AccountCount(Constraint):
    """Keep the number of (filtered) accounts of each rep between two bounds."""

    kind: Literal["account_count"] = "account_count"
    unit: ClassVar[str] = "accounts"
    example: ClassVar[dict[str, Any]] = {"max": 6}
    limits: ClassVar[tuple[str, ...]] = ("min", "max")
    min: int | None = Field(None, ge=0, description="Fewest accounts per rep.", examples=[10])
    max: int | None = Field(None, ge=0, description="Most accounts per rep.", examples=[60])
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps with the bounds.")

    def rows(self, pairs: Candidates) -> RowBlock:
        counted = self.accounts.mask(pairs.book)[pairs.account].astype(np.float64)
        reps = self.reps.mask(pairs.book)
        return per_rep(pairs, reps, counted, bound(self.min, -np.inf), bound(self.max, np.inf))

    def asks(self, currency: str) -> str:
        return f"Each rep has {between(self.min, self.max, number)} accounts"

    @property
    def book_measure(self) -> str:
        return "accounts"
