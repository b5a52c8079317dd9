"""Balance: every rep or team gets its fair share of accounts, hours, revenue, potential or expected revenue, within a
tolerance; per company or territory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Measure, unit_of_measure
from coverplan.constraints.blocks import fair_shares, positions, qualified, teams
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter, Scopes, codes
from coverplan.constraints.findings import Amounts, Finding, Named
from coverplan.domain.candidates import Candidates
from coverplan.domain.geography import lineage
from coverplan.domain.instance import Bools, Floats
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import listing, rate, words


class Balance(Constraint):
    """Keep a measure of each book within +-tolerance of its fair share.

    The fair share is share x T. T is a constant: the measure of all seats in scope that have an admissible rep, so
    that uncovered seats do not shrink it. Each role's seats are measured among that role's reps.
    """

    kind: Literal["balance"] = "balance"
    unit: ClassVar[str] = "units of the measure"
    example: ClassVar[dict[str, Any]] = {"measure": "revenue", "tolerance": 0.3, "penalty": 0.1}
    measure: Measure = Field("revenue", description="What is balanced.")
    tolerance: float = Field(
        0.15, ge=0, le=10, allow_inf_nan=False, description="Admitted deviation, as a share of the fair share."
    )
    within: Scopes | None = Field(
        None,
        description="Territory ids; each one's subtree is balanced by itself. Default: the company.",
        examples=[["west"]],
    )
    per: Literal["rep", "team"] = Field("rep", description="Balance reps, or teams of one direct manager.")
    share: Literal["capacity", "quota", "equal"] = Field(
        "capacity", description="What the fair share is proportional to; members without the number get an equal part."
    )
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Reps among whom the measure is balanced.")

    def rows(self, pairs: Candidates) -> RowBlock:
        book, scopes = pairs.book, self._scopes(pairs)
        filtered = self.accounts.mask(book)[book.seats.account]
        blocks: dict[tuple[str, str], RowBlock] = {}
        for name, in_scope, reps in scopes:
            for role, role_name in enumerate(pairs.instance.roles):
                seats = filtered & in_scope & (book.seats.role == role)
                among = reps & (book.instance.reps.role == role)
                if seats.any() and among.any():
                    blocks[name, role_name] = self._scope_rows(pairs, seats, among)
        return RowBlock.stack(_unique(blocks))

    def _scopes(self, pairs: Candidates) -> list[tuple[str, Bools, Bools]]:
        """Name, seats and reps of each scope."""
        instance, seats = pairs.instance, pairs.book.seats
        reps = self.reps.mask(pairs.book)
        if self.within is None:
            return [("company", np.ones(len(seats), np.bool_), reps)]
        related = lineage(instance.territories.parent)
        own = instance.reps.territories.matrix(len(instance.territories.ids))
        anywhere = instance.reps.territories.lengths == 0
        scopes = []
        for root in codes(self.within, instance.territories.ids):
            inside = np.append(related[:, root], False)[instance.accounts.territory[seats.account]]
            touches = related[root] | related[:, root]
            home = anywhere | (own & touches).any(axis=1)
            scopes.append((f"territory:{instance.territories.ids[root]}", inside, reps & home))
        return scopes

    def _scope_rows(self, pairs: Candidates, seats: Bools, reps: Bools) -> RowBlock:
        team, labels = teams(pairs.book)
        shares = fair_shares(self._amounts(pairs)[reps])
        if self.per == "team":
            present = np.isin(np.arange(len(labels)), team[reps])
            group = np.where(reps, positions(present)[team], -1).astype(np.int32)
            shares = np.bincount(group[reps], shares, int(present.sum())).astype(np.float64)
            names = tuple(label for label, used in zip(labels, present, strict=True) if used)
        else:
            group = positions(reps)
            names = tuple(f"rep:{pairs.instance.reps.ids[rep]}" for rep in np.flatnonzero(reps))
        target = shares * self._total(pairs, seats)
        row = np.where(seats[pairs.seat], group[pairs.rep], -1)
        lower, upper = (1 - self.tolerance) * target, (1 + self.tolerance) * target
        return RowBlock.of(names, row, pairs.measure(self.measure), np.minimum(lower, upper), np.maximum(lower, upper))

    def _amounts(self, pairs: Candidates) -> Floats:
        """What each rep's fair share is proportional to; NaN: unknown."""
        if self.share == "capacity":
            return pairs.book.capacity
        if self.share == "quota":
            return pairs.instance.reps.quota
        return np.full(pairs.instance.n_reps, np.nan)

    def _total(self, pairs: Candidates, seats: Bools) -> float:
        counted = seats & pairs.has_rep
        if self.measure != "expected_revenue":
            return float(pairs.book.seat_measure(self.measure)[counted].sum())
        return float(pairs.most_net[counted].sum())

    def asks(self, currency: str) -> str:
        by = {"capacity": "by capacity", "quota": "by quota", "equal": "in equal parts"}[self.share]
        inside = "" if self.within is None else f" within {listing(self.within)}"
        tolerance = rate(self.tolerance)
        return f"Each {self.per}'s {words(self.measure)} is within ±{tolerance} of its fair share, {by}{inside}"

    def unit_of(self, scope: str) -> str:
        return unit_of_measure(self.measure)

    @property
    def book_measure(self) -> str | None:
        return self.measure if self.measure in {"revenue", "hours", "accounts"} else None

    def names(self) -> Iterator[Named]:
        yield from super().names()
        if self.within is not None:
            yield Named("unknown_territory", ("within",), self.within)

    def faults(self, amounts: Amounts) -> Iterator[Finding]:
        if self.share == "quota" and not amounts.quotas:
            yield Finding("missing_quota", ("share",))


def _unique(blocks: dict[tuple[str, str], RowBlock]) -> list[RowBlock]:
    """Blocks by (scope, role), their labels qualified by whatever tells equal ones apart."""
    labels = [label for block in blocks.values() for label in block.labels]
    if len(set(labels)) == len(labels):
        return list(blocks.values())
    several = [len({key[part] for key in blocks}) > 1 for part in (0, 1)]
    return [
        block.relabelled(qualified(block.labels, "/".join(itertools.compress(key, several)), True))
        for key, block in blocks.items()
    ]
