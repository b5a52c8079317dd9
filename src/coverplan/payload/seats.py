"""The seats of a plan as one table, covered ones first; polars is for those who ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

TEXTS = ("account_id", "account", "role", "rep_id", "rep", "previous_rep_id", "previous_rep", "change")
NUMBERS = ("expected_revenue", "relationship_loss", "hours")
HANDOVER: dict[str, Any] = {"handover_date": pl.Date, "interim_hours": pl.Float64}
"""Columns that tables of earlier versions lack."""
SCHEMA = (
    dict.fromkeys(TEXTS, pl.String)
    | dict.fromkeys(NUMBERS, pl.Float64)
    | {"forced": pl.Boolean, "reason": pl.String}
    | HANDOVER
)
UNCOVERED = "uncovered"
HANDOVER_DAY = "handover_date"


def seat_frame(
    covered: Iterable[Mapping[str, Any]],
    left: Iterable[Mapping[str, Any]],
    accounts: Mapping[str, str],
    reps: Mapping[str, str],
) -> pl.DataFrame:
    """One row per seat; `change` is `uncovered` for those that nobody covers, and `reason` says why.

    Seats are mappings of their fields; names are by id, and the id where there is none.
    """
    rows = [_row(seat, accounts, reps) for seat in (*covered, *({**seat, "change": UNCOVERED} for seat in left))]
    table = pl.DataFrame(rows, schema=SCHEMA | {"handover_date": pl.String}, orient="row")
    return table.with_columns(pl.col("handover_date").str.to_date())


def _row(seat: Mapping[str, Any], accounts: Mapping[str, str], reps: Mapping[str, str]) -> dict[str, Any]:
    account, rep, previous, day = (seat.get(name) for name in ("account_id", "rep_id", "previous_rep_id", HANDOVER_DAY))
    return {name: seat.get(name) for name in SCHEMA} | {
        "account": None if account is None else accounts.get(account, account),
        "rep": None if rep is None else reps.get(rep, rep),
        "previous_rep": None if previous is None else reps.get(previous, previous),
        HANDOVER_DAY: None if day is None else str(day),
    }
