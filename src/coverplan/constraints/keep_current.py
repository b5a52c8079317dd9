"""Keep current: caps on accounts or revenue that leave their rep, and on accounts gained; per company, rep or
segment.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Side
from coverplan.constraints.blocks import bound, positions, qualified
from coverplan.constraints.filters import EVERY_ACCOUNT, EVERY_REP, AccountFilter, RepFilter
from coverplan.domain import moves
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Ints
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import rate, sentence


class KeepCurrent(Constraint):
    """Cap how many seats, or how much revenue, leave their current rep, and how many a rep gains.

    Counted over seats whose current rep is admissible, of all roles; leaving such a seat uncovered is moving it. Forced
    moves count nowhere. The metrics of these names measure the same.
    """

    kind: Literal["keep_current"] = "keep_current"
    unit: ClassVar[str] = "accounts, or money for max_moved_revenue_share"
    example: ClassVar[dict[str, Any]] = {"max_moved": 6, "max_gained": 8}
    limits: ClassVar[tuple[str, ...]] = ("max_moved", "max_moved_share", "max_moved_revenue_share", "max_gained")
    max_moved: int | None = Field(None, ge=0, description="Most accounts moved per scope.", examples=[25])
    max_moved_share: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Most accounts moved, as a share.", examples=[0.1]
    )
    max_moved_revenue_share: float | None = Field(
        None, ge=0, le=1, allow_inf_nan=False, description="Most base revenue moved, as a share.", examples=[0.1]
    )
    max_gained: int | None = Field(None, ge=0, description="Most accounts gained per scope.", examples=[10])
    per: Literal["company", "rep", "segment"] = Field(
        "company", description="Scope of each cap; for a rep, the accounts that leave (or join) that rep."
    )
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that count.")
    reps: RepFilter = Field(EVERY_REP, description="Current reps (for max_gained, gaining reps) that count.")

    def rows(self, pairs: Candidates) -> RowBlock:
        limits = [name for name in self.limits if getattr(self, name) is not None]
        blocks = [self._gained(pairs) if name == "max_gained" else self._kept(pairs, name) for name in limits]
        several = len(limits) > 1
        named = zip(limits, blocks, strict=True)
        return RowBlock.stack([block.relabelled(qualified(block.labels, name, several)) for name, block in named])

    def _kept(self, pairs: Candidates, limit: str) -> RowBlock:
        book, seats = pairs.book, pairs.book.seats
        rep = np.maximum(seats.current, 0)
        counted = pairs.keeps & self.accounts.mask(book)[seats.account] & self.reps.mask(book)[rep]
        weight = moves.weight(book, limit.removeprefix("max_"))
        group, labels = self._groups(pairs, seats.account, rep)
        group = np.where(counted, group, -1)
        total = np.bincount(group[counted], weight[counted], len(labels))
        allowed = getattr(self, limit)
        lower = total - allowed if limit == "max_moved" else (1 - allowed) * total
        row = np.where(pairs.is_current, group[pairs.seat], -1)
        return RowBlock.of(labels, row, weight[pairs.seat], lower=lower)

    def _gained(self, pairs: Candidates) -> RowBlock:
        book = pairs.book
        gained = ~pairs.is_current & ~pairs.forced[pairs.seat]
        gained &= self.accounts.mask(book)[pairs.account] & self.reps.mask(book)[pairs.rep]
        group, labels = self._groups(pairs, pairs.account, pairs.rep)
        return RowBlock.of(
            labels, np.where(gained, group, -1), np.ones(len(group)), upper=bound(self.max_gained, np.inf)
        )

    def _groups(self, pairs: Candidates, account: Ints, rep: Ints) -> tuple[Ints, tuple[str, ...]]:
        """Scope of each item, given its account and rep; -1: none."""
        instance = pairs.instance
        if self.per == "rep":
            mask = self.reps.mask(pairs.book)
            ids = instance.reps.ids
            return positions(mask)[rep], tuple(f"rep:{ids[index]}" for index in np.flatnonzero(mask))
        if self.per == "segment":
            present = np.isin(np.arange(len(instance.segments.ids)), instance.accounts.segment)
            ids = instance.segments.ids
            return (
                positions(present)[instance.accounts.segment[account]],
                tuple(f"segment:{ids[index]}" for index in np.flatnonzero(present)),
            )
        return np.zeros(len(account), np.int32), ("company",)

    def asks(self, currency: str) -> str:
        share, revenue = self.max_moved_share, self.max_moved_revenue_share
        asked = sentence(
            [
                "" if self.max_moved is None else f"at most {self.max_moved:,} accounts move",
                "" if share is None else f"at most {rate(share)} of the accounts move",
                "" if revenue is None else f"at most {rate(revenue)} of the revenue moves",
                "" if self.max_gained is None else f"at most {self.max_gained:,} accounts are gained",
            ]
        )
        return asked[:1].upper() + asked[1:] if self.per == "company" else f"Per {self.per}, {asked}"

    def unit_of(self, scope: str) -> str:
        """By the limit that the row is about, which its scope names where there are several."""
        only = [name for name in self.limits if getattr(self, name) is not None] == ["max_moved_revenue_share"]
        return "money" if only or scope.endswith("/max_moved_revenue_share") else "accounts"

    def one_more(self, step: str, side: Side, who: str) -> str:
        return f"{step} more allowed to move, {who}" if side == "lower" else super().one_more(step, side, who)
