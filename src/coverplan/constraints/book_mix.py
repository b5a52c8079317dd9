"""Book mix: share or number of a sort of account in each book."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import bound, per_rep, qualified
from coverplan.constraints.filters import EVERY_REP, AccountFilter, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import between, number, rate, sentence


class BookMix(Constraint):
    """Bound the share, or the number, of the filtered accounts in each rep's book."""

    kind: Literal["book_mix"] = "book_mix"
    unit: ClassVar[str] = "accounts"
    example: ClassVar[dict[str, Any]] = {
        "accounts": {"kind": "prospect"},
        "max_count": 2,
        "reps": {"role": ["account_executive"]},
    }
    limits: ClassVar[tuple[str, ...]] = ("min_share", "max_share", "min_count", "max_count")
    accounts: AccountFilter = Field(description="The sort of account.", examples=[{"kind": "prospect"}])
    min_share: float | None = Field(None, ge=0, le=1, allow_inf_nan=False, description="Least share of the book.")
    max_share: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Greatest share of the book.", examples=[0.4]
    )
    min_count: int | None = Field(None, ge=0, description="Fewest of them per rep.", examples=[1])
    max_count: int | None = Field(None, ge=0, description="Most of them per rep.")
    reps: RepFilter = Field(EVERY_REP, description="Reps with the bounds.")

    def rows(self, pairs: Candidates) -> RowBlock:
        reps = self.reps.mask(pairs.book)
        counted = self.accounts.mask(pairs.book)[pairs.account].astype(np.float64)
        blocks: dict[str, RowBlock] = {}
        if self.min_share is not None:
            blocks["min_share"] = per_rep(pairs, reps, counted - self.min_share, lower=0.0)
        if self.max_share is not None:
            blocks["max_share"] = per_rep(pairs, reps, counted - self.max_share, upper=0.0)
        if self.min_count is not None or self.max_count is not None:
            lower, upper = bound(self.min_count, -np.inf), bound(self.max_count, np.inf)
            blocks["count"] = per_rep(pairs, reps, counted, lower, upper)
        several = len(blocks) > 1
        return RowBlock.stack(
            [block.relabelled(qualified(block.labels, name, several)) for name, block in blocks.items()]
        )

    def asks(self, currency: str) -> str:
        shares = between(self.min_share, self.max_share, rate)
        counts = between(self.min_count, self.max_count, number)
        bounds = [f"{shares} of each book" if shares != "any" else "", f"{counts} per book" if counts != "any" else ""]
        return f"Accounts of one sort are {sentence(bounds)}"
