"""Blocks of rows over choices: each unit takes one of its choices or stays idle.

A block holds rows `lower <= sum a x + sum b idle <= upper`, where x says which choices are taken and idle which items
are left without one. A soft block may be violated at a price per unit of violation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from coverplan.mip.program import Bools, Floats

Ints = npt.NDArray[np.int32]
Activity = Callable[[Ints], Floats]
"""From the choice of each item (-1: idle) to the activity of each reported row."""


def violation(activity: Floats, lower: Floats, upper: Floats) -> Floats:
    """Amount by which each activity lies outside its bounds."""
    return np.maximum(0.0, np.maximum(lower - activity, activity - upper))


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Rows as coordinate lists: entries on choices, entries on idle items, bounds and labels per row."""

    labels: tuple[str, ...]
    lower: Floats
    upper: Floats
    row: Ints
    choice: Ints
    coefficient: Floats
    idle_row: Ints
    idle: Ints
    idle_coefficient: Floats

    @classmethod
    def of(
        cls,
        labels: tuple[str, ...],
        row: npt.NDArray[np.integer],
        coefficient: Floats,
        lower: Floats | float = -np.inf,
        upper: Floats | float = np.inf,
    ) -> Self:
        """One entry per choice: `row[p]` is the row of choice p, -1 for none."""
        used = np.flatnonzero(row >= 0)
        size = len(labels)
        return cls(
            labels=labels,
            lower=np.broadcast_to(np.asarray(lower, np.float64), (size,)).copy(),
            upper=np.broadcast_to(np.asarray(upper, np.float64), (size,)).copy(),
            row=np.asarray(row)[used].astype(np.int32),
            choice=used.astype(np.int32),
            coefficient=np.broadcast_to(coefficient, row.shape)[used].astype(np.float64),
            idle_row=np.empty(0, np.int32),
            idle=np.empty(0, np.int32),
            idle_coefficient=np.empty(0),
        )

    def with_idle(self, row: npt.NDArray[np.integer], coefficient: Floats) -> Self:
        """The same rows with one entry per idle item added: `row[i]` is the row of item i, -1 for none."""
        used = np.flatnonzero(row >= 0)
        return replace(
            self,
            idle_row=np.concatenate([self.idle_row, np.asarray(row)[used]]).astype(np.int32),
            idle=np.concatenate([self.idle, used]).astype(np.int32),
            idle_coefficient=np.concatenate([self.idle_coefficient, coefficient[used]]),
        )

    def with_more(self, row: npt.NDArray[np.integer], coefficient: Floats) -> Self:
        """The same rows with another entry per choice: `row[p]` is the row of choice p, -1 for none."""
        more = type(self).of(self.labels, row, coefficient)
        return replace(
            self,
            row=np.concatenate([self.row, more.row]),
            choice=np.concatenate([self.choice, more.choice]),
            coefficient=np.concatenate([self.coefficient, more.coefficient]),
        )

    def relabelled(self, labels: tuple[str, ...]) -> Self:
        """The same rows under other labels."""
        return replace(self, labels=labels)

    @classmethod
    def stack(cls, blocks: list[Self]) -> Self:
        """One block of all rows, in order."""
        shift = np.concatenate([[0], np.cumsum([len(block.labels) for block in blocks])])
        moved = list(zip(blocks, shift, strict=False))
        return cls(
            labels=tuple(label for block in blocks for label in block.labels),
            lower=np.concatenate([np.empty(0), *(block.lower for block in blocks)]),
            upper=np.concatenate([np.empty(0), *(block.upper for block in blocks)]),
            row=np.concatenate([np.empty(0, np.int32), *(block.row + by for block, by in moved)]).astype(np.int32),
            choice=np.concatenate([np.empty(0, np.int32), *(block.choice for block in blocks)]),
            coefficient=np.concatenate([np.empty(0), *(block.coefficient for block in blocks)]),
            idle_row=np.concatenate([np.empty(0, np.int32), *(block.idle_row + by for block, by in moved)]).astype(
                np.int32
            ),
            idle=np.concatenate([np.empty(0, np.int32), *(block.idle for block in blocks)]),
            idle_coefficient=np.concatenate([np.empty(0), *(block.idle_coefficient for block in blocks)]),
        )

    def activity(self, chosen: Bools, idle: Bools) -> Floats:
        """Left-hand sides where `chosen` says which choices are taken and `idle` which items have none."""
        size = len(self.labels)
        taken = np.bincount(self.row, self.coefficient * chosen[self.choice], size).astype(np.float64)
        return taken + np.bincount(self.idle_row, self.idle_coefficient * idle[self.idle], size)

    def violation(self, chosen: Bools, idle: Bools) -> Floats:
        """Amount by which each row lies outside its bounds."""
        return violation(self.activity(chosen, idle), self.lower, self.upper)


@dataclass(frozen=True, eq=False)
class Joined:
    """What each auxiliary column of a linked block is about: two items whose choices should carry one label."""

    items: Ints
    """The two items of each auxiliary, (auxiliaries, 2)."""
    label: Ints
    """Per choice."""
    follows: bool
    """The first item follows the second: idle, it does not differ; from an idle second it always does."""


@dataclass(frozen=True, eq=False)
class LinkedBlock:
    """Rules that tie choices of several units together through auxiliary columns in [0, 1].

    Rows are `sum a x + sum e aux <= upper`. `owner` names the reported row to which each auxiliary column counts:
    its sum may not exceed `limit[owner]`, at a price where the rule is soft. `activity` recounts it from the choices.
    """

    labels: tuple[str, ...]
    limit: Floats
    upper: Floats
    row: Ints
    choice: Ints
    coefficient: Floats
    aux_row: Ints
    aux: Ints
    aux_coefficient: Floats
    owner: Ints
    activity: Activity
    joined: Joined | None = None
    """None: the auxiliaries are about more than two items."""
