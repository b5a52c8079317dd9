"""Revenue band: least and most base revenue per rep, in money or multiples of the quota."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import per_rep
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.constraints.findings import Amounts, Finding
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Floats
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import between, money, rate


class RevenueBand(Constraint):
    """Keep the base revenue of each rep's book between two bounds, in money or as multiples of the quota."""

    kind: Literal["revenue_band"] = "revenue_band"
    unit: ClassVar[str] = "money"
    example: ClassVar[dict[str, Any]] = {
        "max": 2.0,
        "relative_to": "quota",
        "reps": {"role": ["account_executive"]},
        "penalty": 0.05,
    }
    limits: ClassVar[tuple[str, ...]] = ("min", "max")
    min: float | None = Field(None, ge=0, allow_inf_nan=False, description="Least revenue per rep.", examples=[500000])
    max: float | None = Field(None, ge=0, allow_inf_nan=False, description="Most revenue per rep.", examples=[2000000])
    relative_to: Literal["quota"] | None = Field(
        None, description="`quota`: the bounds are multiples of each rep's quota; reps without one have no row."
    )
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps with the bounds.")

    def rows(self, pairs: Candidates) -> RowBlock:
        reps, quota = self.reps.mask(pairs.book), pairs.instance.reps.quota
        scale: Floats | float = 1.0
        if self.relative_to == "quota":
            reps &= ~np.isnan(quota)
            scale = quota[reps]
        revenue = pairs.measure("revenue") * self.accounts.mask(pairs.book)[pairs.account]
        lower = -np.inf if self.min is None else self.min * scale
        upper = np.inf if self.max is None else self.max * scale
        return per_rep(pairs, reps, revenue, lower, upper)

    def asks(self, currency: str) -> str:
        if self.relative_to == "quota":
            return f"Each rep's revenue is {between(self.min, self.max, rate)} of the quota"
        return f"Each rep's revenue is {between(self.min, self.max, lambda value: money(value, currency))}"

    def unit_of(self, scope: str) -> str:
        return "money"

    @property
    def book_measure(self) -> str:
        return "revenue"

    def faults(self, amounts: Amounts) -> Iterator[Finding]:
        if self.relative_to == "quota" and not amounts.quotas:
            yield Finding("missing_quota", ("relative_to",))
