"""Exclusive: accounts of a group, such as competitors, never share a rep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.blocks import per_rep
from coverplan.constraints.filters import AccountFilter
from coverplan.constraints.findings import Amounts, Finding
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock
from coverplan.wording.words import listing


class ExclusiveGroup(BaseModel):
    """Accounts of which a rep may hold one at most."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=200, description="Name of the group.", examples=["cola"])
    accounts: AccountFilter = Field(description="Its accounts.", examples=[{"ids": ["a1", "a2"]}])


class Exclusive(Constraint):
    """No rep holds two accounts of one group; the violation is the number beyond the first."""

    kind: Literal["exclusive"] = "exclusive"
    unit: ClassVar[str] = "accounts beyond the first"
    example: ClassVar[dict[str, Any]] = {
        "groups": [{"id": "energy", "accounts": {"industry": ["energy"]}}],
        "penalty": 15000,
    }
    groups: Annotated[
        tuple[ExclusiveGroup, ...], Field(strict=False, min_length=1, max_length=10000, fail_fast=True)
    ] = Field(
        description="Groups of accounts that exclude each other.",
        examples=[[{"id": "cola", "accounts": {"ids": ["a1", "a2"]}}]],
    )

    def rows(self, pairs: Candidates) -> RowBlock:
        everyone = np.ones(pairs.instance.n_reps, np.bool_)
        blocks = []
        for group in self.groups:
            member = group.accounts.mask(pairs.book)[pairs.account].astype(np.float64)
            block = per_rep(pairs, everyone, member, upper=1.0)
            blocks.append(block.relabelled(tuple(f"{group.id}/{label}" for label in block.labels)))
        return RowBlock.stack(blocks)

    def asks(self, currency: str) -> str:
        return f"No rep has two accounts of one group ({listing([group.id for group in self.groups])})"

    def faults(self, amounts: Amounts) -> Iterator[Finding]:
        times = Counter(group.id for group in self.groups)
        for place, group in enumerate(self.groups):
            if times.pop(group.id, 0) > 1:
                yield Finding("duplicate_group", ("groups", place, "id"), group.id)
