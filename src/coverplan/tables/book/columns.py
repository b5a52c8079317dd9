"""All that was drawn for a generated book, and how its ids and labels are written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from coverplan.domain.instance import Bools, Floats
from coverplan.tables.book.market import Indices, Market
from coverplan.tables.book.team import Team

SKILLS = ("health", "public_sector", "multi_site", "migration")


@dataclass(frozen=True, eq=False)
class Ground:
    """Per account: patch, order within the patches, parent (-1: none) and family root."""

    patch: Indices
    order: Indices
    parent: Indices
    root: Indices


@dataclass(frozen=True, eq=False)
class Columns:
    """All that was drawn; `planted` and `today` hold one array per role (rep per account)."""

    start: dt.date
    months: int
    market: Market
    team: Team
    ground: Ground
    planted: list[Indices]
    today: list[Indices]
    capacity: Floats
    patches: int

    @property
    def account_ids(self) -> pl.Series:
        return numbered("a", len(self.market.hours))

    @property
    def rep_ids(self) -> pl.Series:
        """One id more than there are reps: the last is that of the rep who left."""
        return numbered("r", self.team.count + 1)


def numbered(prefix: str, count: int) -> pl.Series:
    width = max(len(str(count)), 3)
    return pl.select(prefix + pl.int_range(1, count + 1).cast(pl.String).str.zfill(width)).to_series()


def labels(member: Bools, labels: tuple[str, ...]) -> pl.Series:
    """A list of labels per row of a membership matrix."""
    frame = pl.DataFrame({label: member[:, k] for k, label in enumerate(labels)})
    chosen = [pl.when(pl.col(label)).then(pl.lit(label)) for label in labels]
    return frame.select(pl.concat_list(chosen).list.drop_nulls().alias("labels"))["labels"]
