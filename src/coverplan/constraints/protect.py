"""Protect: chosen accounts stay with their rep."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.filters import AccountFilter
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools
from coverplan.mip.rows import RowBlock


class Protect(Constraint):
    """Filtered accounts keep their current rep; soft, each seat that does not costs the penalty."""

    kind: Literal["protect"] = "protect"
    unit: ClassVar[str] = "accounts"
    example: ClassVar[dict[str, Any]] = {"accounts": {"top": 2, "by": "revenue"}}
    accounts: AccountFilter = Field(description="Accounts to protect.", examples=[{"top": 20, "by": "revenue"}])

    def separable(self, pairs: Candidates) -> RowBlock:
        protected = pairs.keeps & self.accounts.mask(pairs.book)[pairs.book.seats.account]
        row = np.where(pairs.is_current & protected[pairs.seat], 0, -1)
        return RowBlock.of(("company",), row, np.ones(len(row)), lower=float(protected.sum()))

    def asks(self, currency: str) -> str:
        return "Protected accounts stay with their current rep"

    def kept_accounts(self, book: Book) -> Bools:
        return self.accounts.mask(book)
