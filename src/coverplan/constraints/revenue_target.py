"""Revenue target: expected revenue of company, team or territory reaches a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import teams
from coverplan.constraints.filters import Scopes, codes
from coverplan.constraints.findings import Amounts, Finding, Named
from coverplan.domain.candidates import Candidates
from coverplan.domain.geography import lineage
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import money


class RevenueTarget(Constraint):
    """Expected revenue (after relationship losses) of the company, a team or a territory reaches its target.

    Self-serve revenue of uncovered seats counts for the company and for territories.
    """

    kind: Literal["revenue_target"] = "revenue_target"
    unit: ClassVar[str] = "money short"
    example: ClassVar[dict[str, Any]] = {"per": "territory", "ids": ["west"], "penalty": 0.2}
    target: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Money over the horizon, for each id. Default: a territory's own target, a team's summed quotas.",
        examples=[12000000],
    )
    per: Literal["company", "team", "territory"] = Field("company", description="One row per what.")
    ids: Scopes | None = Field(None, description="Managers' ids of teams, or territory ids; default: all of them.")

    @model_validator(mode="after")
    def _company_needs_a_target(self) -> Self:
        if self.per == "company" and self.target is None:
            raise ValueError("`target` is needed with per = company")
        if self.per == "company" and self.ids is not None:
            raise ValueError("`ids` are for per = team or territory")
        return self

    def rows(self, pairs: Candidates) -> RowBlock:
        net, seats = pairs.measure("expected_revenue"), pairs.book.seats
        if self.per == "company":
            row, idle = np.zeros(len(pairs.seat), np.int32), np.zeros(len(seats), np.int32)
            return RowBlock.of(("company",), row, net, lower=self.target or 0.0).with_idle(idle, pairs.book.self_serve)
        blocks = self._teams(pairs) if self.per == "team" else self._territories(pairs)
        return RowBlock.stack(blocks)

    def _teams(self, pairs: Candidates) -> list[RowBlock]:
        team, labels = teams(pairs.book)
        quota = np.bincount(team, np.nan_to_num(pairs.instance.reps.quota), len(labels))
        wanted = None if self.ids is None else {f"team:{name}" for name in self.ids}
        blocks = []
        for code, label in enumerate(labels):
            if wanted is None or label in wanted:
                row = np.where(team[pairs.rep] == code, 0, -1)
                target = float(quota[code]) if self.target is None else self.target
                blocks.append(RowBlock.of((label,), row, pairs.measure("expected_revenue"), lower=target))
        return blocks

    def _territories(self, pairs: Candidates) -> list[RowBlock]:
        territories, seats = pairs.instance.territories, pairs.book.seats
        related = np.vstack([lineage(territories.parent), np.zeros((1, len(territories.ids)), np.bool_)])
        wanted = range(len(territories.ids)) if self.ids is None else codes(self.ids, territories.ids)
        blocks = []
        for code in wanted:
            target = territories.revenue_target[code] if self.target is None else self.target
            if np.isnan(target):
                continue
            inside = np.where(related[pairs.instance.accounts.territory[seats.account], code], 0, -1)
            block = RowBlock.of(
                (f"territory:{territories.ids[code]}",),
                inside[pairs.seat],
                pairs.measure("expected_revenue"),
                lower=float(target),
            )
            blocks.append(block.with_idle(inside, pairs.book.self_serve))
        return blocks

    def asks(self, currency: str) -> str:
        target = "its own target" if self.target is None else money(self.target, currency)
        who = "The company's" if self.per == "company" else f"Each {self.per}'s"
        return f"{who} expected revenue reaches {target}"

    def unit_of(self, scope: str) -> str:
        return "money"

    def names(self) -> Iterator[Named]:
        yield from super().names()
        if self.ids is not None:
            yield Named("unknown_team" if self.per == "team" else "unknown_territory", ("ids",), self.ids)

    def faults(self, amounts: Amounts) -> Iterator[Finding]:
        if self.target is not None:
            return
        if self.per == "team" and not amounts.quotas:
            yield Finding("missing_quota", ("target",))
        if self.per == "territory":
            if self.ids is None and all(target is None for target in amounts.targets.values()):
                yield Finding("missing_target", ("target",), "territories")
            for place, name in enumerate(self.ids or ()):
                if name in amounts.targets and amounts.targets[name] is None:
                    yield Finding("missing_target", ("ids", place), name)
