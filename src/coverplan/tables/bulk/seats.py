"""Which rep each seat gets by a table of assignments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from coverplan.domain.book import Book
from coverplan.domain.instance import Ints
from coverplan.payload.issues import MAX_ISSUES, IssueReport, pointer
from coverplan.tables.bulk.codes import codes, text_series


def seat_reps(book: Book, assignments: pl.DataFrame, issues: IssueReport, at: str) -> tuple[Ints, Ints]:
    """Per seat its rep and the place of the row that says so, -1 where none does; what is wrong goes to the issues.

    `assignments` has the columns account_id, rep_id and perhaps role (null: the segment's first role).
    """
    instance, seats = book.instance, book.seats
    account = codes(assignments["account_id"], text_series(instance.accounts.ids))
    rep = codes(assignments["rep_id"], text_series(instance.reps.ids))
    _refuse(issues, "unknown_account", account < 0, assignments["account_id"], at, "account_id")
    _refuse(issues, "unknown_rep", rep < 0, assignments["rep_id"], at, "rep_id")
    known = (account >= 0) & (rep >= 0)
    first = np.flatnonzero(seats.primary)
    role = seats.role[first[np.maximum(account, 0)]]
    if "role" in assignments.columns:
        named = assignments["role"].is_not_null().to_numpy()
        role = np.where(named, codes(assignments["role"], text_series(instance.roles)), role)
    width = len(instance.roles)
    keys = seats.account.astype(np.int64) * width + seats.role
    order = np.argsort(keys, kind="stable")
    wanted = np.where(role >= 0, account.astype(np.int64) * width + role, -1)
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    there = keys[order][place] == wanted
    seat = np.where(known & there, order[place], -1)
    if "role" in assignments.columns:
        segment = instance.accounts.segment[account]
        _refuse(
            issues, "role_not_in_segment", (account >= 0) & ~there, assignments["role"], at, "role",
            lambda row: {"segment": instance.segments.ids[segment[row]]},
        )  # fmt: skip
    given = np.flatnonzero(seat >= 0)
    filled, earliest = np.unique(seat[given], return_index=True)
    repeated = np.zeros(len(seat), np.bool_)
    repeated[np.delete(given, earliest)] = True
    _refuse(issues, "duplicate_assignment", repeated, assignments["account_id"], at, None)
    reps = np.full(len(seats), -1, np.int32)
    reps[filled] = rep[given[earliest]]
    places = np.full(len(seats), -1, np.int32)
    places[filled] = given[earliest]
    return reps, places


def _refuse(
    issues: IssueReport,
    code: str,
    wrong: np.ndarray,
    values: pl.Series,
    at: str,
    column: str | None,
    words: Callable[[int], dict[str, str]] = lambda _: {},
) -> None:
    rows = np.flatnonzero(wrong)
    for row in rows[:MAX_ISSUES].tolist():
        place = pointer(at, [row, *([] if column is None else [column])])
        issues.add(code, place, value=values[row], entity=("assignment", None), **words(row))
    issues.count(code, max(0, len(rows) - MAX_ISSUES))
