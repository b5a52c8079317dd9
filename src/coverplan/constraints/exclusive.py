"""Exclusive: accounts of a group, such as competitors, must not share a rep."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from coverplan.constraints.base import Constraint, per_rep
from coverplan.constraints.filters import AccountFilter
from coverplan.domain.candidates import Candidates
from coverplan.mip.rows import RowBlock


class ExclusiveGroup(BaseModel):
    """Accounts of which a rep may hold one at most."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=200, description="Name of the group.", examples=["cola"])
    accounts: AccountFilter = Field(description="Its accounts.", examples=[{"ids": ["a1", "a2"]}])


class Exclusive(Constraint):
    """No rep holds two accounts of one group; the violation is the number beyond the first."""

    kind: Literal["exclusive"] = "exclusive"
    unit: ClassVar[str] = "accounts beyond the first"
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
