"""Goal: a measure over chosen accounts and reps lies between two bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Measure, unit_of_measure
from coverplan.constraints.blocks import bound
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.constraints.findings import Named
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import between, money, number, words


class Goal(Constraint):
    """The sum of a measure over filtered accounts covered by filtered reps lies between two bounds.

    Accounts, revenue and potential count an account once, by its first role, unless `role` names another; hours and
    expected revenue add up over all roles.
    """

    kind: Literal["goal"] = "goal"
    unit: ClassVar[str] = "units of the measure"
    example: ClassVar[dict[str, Any]] = {
        "measure": "potential",
        "accounts": {"tags": ["launch"]},
        "min": 45000,
        "penalty": 0.5,
    }
    limits: ClassVar[tuple[str, ...]] = ("min", "max")
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

    def asks(self, currency: str) -> str:
        in_money = self.unit_of("company") == "money"
        role = "" if self.role is None else f" of {words(self.role)} seats"
        bounds = between(self.min, self.max, lambda value: money(value, currency) if in_money else number(value))
        return f"Goal: the {words(self.measure)}{role} is {bounds}"

    def unit_of(self, scope: str) -> str:
        return unit_of_measure(self.measure)

    def names(self) -> Iterator[Named]:
        yield from super().names()
        if self.role is not None:
            yield Named("unknown_role", ("role",), self.role)
