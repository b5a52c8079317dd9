"""Spread: at most so many territories or industries in one book."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import positions, rep_labels
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Floats
from coverplan.mip.rows import LinkedBlock


class Spread(Constraint):
    """Bound the number of distinct territories or industries among a rep's accounts; exact method only.

    A territory is the account's own, not its subtree; accounts without one do not count.
    """

    kind: Literal["spread"] = "spread"
    unit: ClassVar[str] = "territories or industries"
    example: ClassVar[dict[str, Any]] = {"by": "industry", "max": 3, "penalty": 8000}
    exact_only: ClassVar[bool] = True
    max: int = Field(ge=0, description="Most territories or industries per book.", examples=[2])
    by: Literal["territory", "industry"] = Field("territory", description="What is counted.")
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps with the bound.")

    def links(self, pairs: Candidates) -> LinkedBlock:
        accounts, reps = pairs.instance.accounts, self.reps.mask(pairs.book)
        group = accounts.territory if self.by == "territory" else accounts.industry
        group = np.where(self.accounts.mask(pairs.book), group, -1)[pairs.book.seats.account]
        width = int(group.max(initial=0)) + 1
        row_of = positions(reps)

        def distinct(rep_of_seat: np.ndarray) -> Floats:
            seat = np.flatnonzero((group >= 0) & (rep_of_seat >= 0))
            seat = seat[row_of[rep_of_seat[seat]] >= 0]
            found = np.unique(row_of[rep_of_seat[seat]].astype(np.int64) * width + group[seat])
            return np.bincount(found // width, minlength=int(reps.sum())).astype(np.float64)

        choice = np.flatnonzero((group[pairs.seat] >= 0) & reps[pairs.rep])
        keys = row_of[pairs.rep[choice]].astype(np.int64) * width + group[pairs.seat[choice]]
        used, aux = np.unique(keys, return_inverse=True)
        rows = np.arange(len(choice), dtype=np.int32)
        return LinkedBlock(
            labels=rep_labels(pairs.book, reps),
            limit=np.full(int(reps.sum()), float(self.max)),
            upper=np.zeros(len(choice)),
            row=rows,
            choice=choice.astype(np.int32),
            coefficient=np.ones(len(choice)),
            aux_row=rows,
            aux=aux.reshape(-1).astype(np.int32),
            aux_coefficient=-np.ones(len(choice)),
            owner=(used // width).astype(np.int32),
            activity=distinct,
        )

    def asks(self, currency: str) -> str:
        return f"Each rep has at most {self.max:,} {self.unit_of('company')}"

    def unit_of(self, scope: str) -> str:
        return "territories" if self.by == "territory" else "industries"
