"""Must cover: chosen accounts may not be left uncovered."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.filters import EVERY_ACCOUNT, AccountFilter
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools
from coverplan.mip.rows import RowBlock


class MustCover(Constraint):
    """Every seat of the filtered accounts gets a rep; soft, each uncovered seat costs the penalty."""

    kind: Literal["must_cover"] = "must_cover"
    unit: ClassVar[str] = "accounts"
    example: ClassVar[dict[str, Any]] = {"accounts": {"kind": "customer"}}
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that must be covered.")

    def separable(self, pairs: Candidates) -> RowBlock:
        seats = self.accounts.mask(pairs.book)[pairs.book.seats.account]
        row = np.where(seats[pairs.seat], 0, -1)
        return RowBlock.of(("company",), row, np.ones(len(row)), lower=float(seats.sum()))

    def asks(self, currency: str) -> str:
        return "These accounts are covered"

    def covered_accounts(self, book: Book) -> Bools:
        return self.accounts.mask(book)
