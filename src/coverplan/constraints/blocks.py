"""What blocks of rows are made of: labels, one row per rep, bounds, fair shares and teams."""

from __future__ import annotations

import numpy as np

from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.mip.rows import RowBlock


def positions(mask: Bools) -> Ints:
    """Row number of each member of the mask, -1 for the others."""
    place = np.full(len(mask), -1, np.int32)
    place[mask] = np.arange(int(mask.sum()))
    return place


def rep_labels(book: Book, mask: Bools) -> tuple[str, ...]:
    """`rep:ID` of each rep of the mask."""
    return tuple(f"rep:{book.instance.reps.ids[rep]}" for rep in np.flatnonzero(mask))


def per_rep(
    pairs: Candidates,
    reps: Bools,
    coefficient: Floats,
    lower: Floats | float = -np.inf,
    upper: Floats | float = np.inf,
) -> RowBlock:
    """One row per rep of the mask over its pairs; a coefficient of 0 leaves the pair out."""
    row = np.where(coefficient != 0, positions(reps)[pairs.rep], -1)
    return RowBlock.of(rep_labels(pairs.book, reps), row, coefficient, lower, upper)


def qualified(labels: tuple[str, ...], qualifier: str, needed: bool) -> tuple[str, ...]:
    """Labels with a qualifier, where one constraint would otherwise use a label twice."""
    return tuple(f"{label}/{qualifier}" for label in labels) if needed else labels


def bound(value: float | None, default: float) -> float:
    """A bound as a number; an absent one is infinite."""
    return default if value is None else float(value)


def fair_shares(amounts: Floats) -> Floats:
    """Shares that sum to 1: in proportion to the known amounts, an equal part for members without one (NaN)."""
    size = len(amounts)
    if size == 0:
        return amounts
    known = ~np.isnan(amounts)
    total = float(amounts[known].sum())
    if total <= 0:
        return np.full(size, 1.0 / size)
    return np.where(known, np.nan_to_num(amounts) * (known.sum() / size / total), 1.0 / size)


def teams(book: Book) -> tuple[Ints, tuple[str, ...]]:
    """Team of each rep and the teams' labels: the direct manager, or the rep alone where there is none."""
    reps = book.instance.reps
    alone = np.where(reps.manager >= 0, -1, np.arange(len(reps.ids)))
    keys = np.where(reps.manager >= 0, reps.manager, alone + len(book.instance.managers.ids))
    used, team = np.unique(keys, return_inverse=True)
    n_managers = len(book.instance.managers.ids)
    labels = tuple(
        f"team:{book.instance.managers.ids[key]}" if key < n_managers else f"rep:{reps.ids[key - n_managers]}"
        for key in used
    )
    return team.reshape(-1).astype(np.int32), labels
