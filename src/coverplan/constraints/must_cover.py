"""Must cover: chosen accounts may not be left uncovered."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, RowState
from coverplan.constraints.filters import EVERY_ACCOUNT, AccountFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class MustCover(Constraint):
    """Every seat of the filtered accounts gets a rep; soft, each uncovered seat costs the penalty."""

    kind: Literal["must_cover"] = "must_cover"
    unit: ClassVar[str] = "accounts"
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that must be covered.")

    def separable(self, pairs: Candidates) -> RowBlock:
        seats = self.accounts.mask(pairs.book)[pairs.book.seats.account]
        row = np.where(seats[pairs.seat], 0, -1)
        return RowBlock.of(("company",), row, np.ones(len(row)), lower=float(seats.sum()))

    def explain(self, row: RowState) -> str:
        return f"{row.activity:g} of {row.lower or 0:g} accounts that must be covered are."
