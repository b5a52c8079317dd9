"""Protect: chosen accounts stay with their current rep."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, RowState
from coverplan.constraints.filters import AccountFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class Protect(Constraint):
    """Filtered accounts keep their current rep; soft, each seat that does not costs the penalty."""

    kind: Literal["protect"] = "protect"
    unit: ClassVar[str] = "accounts"
    accounts: AccountFilter = Field(description="Accounts to protect.", examples=[{"top": 20, "by": "revenue"}])

    def separable(self, pairs: Candidates) -> RowBlock:
        protected = pairs.keeps & self.accounts.mask(pairs.book)[pairs.book.seats.account]
        row = np.where(pairs.is_current & protected[pairs.seat], 0, -1)
        return RowBlock.of(("company",), row, np.ones(len(row)), lower=float(protected.sum()))

    def explain(self, row: RowState) -> str:
        return f"{row.activity:g} of {row.lower or 0:g} protected accounts keep their rep."
