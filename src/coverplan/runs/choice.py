"""Which backend solves a program when the caller leaves it open, and why."""

from __future__ import annotations

from coverplan.formulation.build import Formulation

DEFAULT = "highs"


def pick(asked: str, formulation: Formulation) -> tuple[str, str]:
    """Name of the backend, and the reason in words."""
    pairs = formulation.pairs
    size = f"{len(pairs.book.seats):,} seats, {len(pairs.seat):,} pairs, {formulation.n_rows:,} rows"
    if asked != "auto":
        return asked, f"asked for; {size}"
    return DEFAULT, f"{size}: the default backend"
