"""Coverage: at least this share of accounts or revenue is covered; per company, territory or segment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from coverplan.constraints.base import Constraint
from coverplan.constraints.filters import EVERY_ACCOUNT, AccountFilter, Scopes, codes
from coverplan.constraints.findings import Named
from coverplan.domain.candidates import Candidates
from coverplan.domain.geography import lineage
from coverplan.domain.instance import Bools
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import rate


class Coverage(Constraint):
    """Cover a share of the accounts or revenue per company, territory (with its subtree) or segment.

    An account counts once, by its first role; accounts that no rep may serve count as uncovered.
    """

    kind: Literal["coverage"] = "coverage"
    unit: ClassVar[str] = "accounts, or money for revenue"
    example: ClassVar[dict[str, Any]] = {"per": "territory", "ids": ["west", "east"], "min_share": 0.5}
    min_share: float = Field(ge=0, le=1, allow_inf_nan=False, description="Least covered share.", examples=[0.9])
    measure: Literal["accounts", "revenue"] = Field("accounts", description="Share of what.")
    per: Literal["company", "territory", "segment"] = Field("company", description="One row per what.")
    ids: Scopes | None = Field(None, description="Territories or segments; default: all of them.")
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")

    @model_validator(mode="after")
    def _ids_need_groups(self) -> Self:
        if self.per == "company" and self.ids is not None:
            raise ValueError("`ids` are for per = territory or segment")
        return self

    def rows(self, pairs: Candidates) -> RowBlock:
        book, seats = pairs.book, pairs.book.seats
        counted = seats.primary & self.accounts.mask(book)[seats.account]
        weight = book.seat_measure(self.measure)
        blocks = []
        for label, members in self._groups(pairs):
            inside = counted & members[seats.account]
            total = float(weight[inside].sum())
            if total > 0:
                row = np.where(inside[pairs.seat], 0, -1)
                blocks.append(RowBlock.of((label,), row, weight[pairs.seat], lower=self.min_share * total))
        return RowBlock.stack(blocks)

    def _groups(self, pairs: Candidates) -> list[tuple[str, Bools]]:
        instance = pairs.instance
        if self.per == "company":
            return [("company", np.ones(instance.n_accounts, np.bool_))]
        if self.per == "segment":
            names = instance.segments.ids
            wanted = range(len(names)) if self.ids is None else codes(self.ids, names)
            return [(f"segment:{names[code]}", instance.accounts.segment == code) for code in wanted]
        names = instance.territories.ids
        related = np.vstack([lineage(instance.territories.parent), np.zeros((1, len(names)), np.bool_)])
        wanted = range(len(names)) if self.ids is None else codes(self.ids, names)
        return [(f"territory:{names[code]}", related[instance.accounts.territory, code]) for code in wanted]

    def asks(self, currency: str) -> str:
        per = "A" if self.per == "company" else f"Per {self.per}, a"
        return f"{per}t least {rate(self.min_share)} of the {self.measure} is covered"

    def unit_of(self, scope: str) -> str:
        return "money" if self.measure == "revenue" else "accounts"

    def names(self) -> Iterator[Named]:
        yield from super().names()
        if self.ids is not None:
            yield Named("unknown_segment" if self.per == "segment" else "unknown_territory", ("ids",), self.ids)
