"""Which method and backend solve a problem when the caller leaves it open, and why."""

from __future__ import annotations

from coverplan.formulation.build import Formulation

DEFAULT = "highs"
PRICED_FROM = 6_000
"""Columns from which branch and bound on the whole program finds plans later than pricing and neighbourhoods do."""


def size(formulation: Formulation) -> str:
    """Seats, pairs and rows in words."""
    pairs = formulation.pairs
    return f"{len(pairs.book.seats):,} seats, {len(pairs.seat):,} pairs, {formulation.n_rows:,} rows"


def method_of(asked: str, formulation: Formulation, deterministic: bool) -> tuple[str, str]:
    """`exact` or `priced`, and the reason in words."""
    if deterministic:
        return "exact", f"{size(formulation)}: neighbourhoods race the clock, so deterministic mode solves one program"
    linking = sorted({rule.kind for rule, _ in formulation.linked if rule.kind != "family" or rule.penalty is not None})
    if linking:
        why = f"{', '.join(linking)} ties seats together, which only the exact method can"
        return "exact", f"{size(formulation)}: {why}"
    if asked != "auto":
        return asked, f"asked for; {size(formulation)}"
    if formulation.pairs.n_columns < PRICED_FROM:
        return "exact", f"{size(formulation)}: small enough for one program"
    return "priced", f"{size(formulation)}: too large for one program"


def backend_of(asked: str) -> str:
    """Name of the backend."""
    return DEFAULT if asked == "auto" else asked
