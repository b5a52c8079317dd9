"""The caller's own numbers for single pairs, kept as columns: there may be a dozen per account."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coverplan.verify.book import Book

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

UNSAID, NO, YES = -1, 0, 1


@dataclass(frozen=True, slots=True)
class Listed:
    """The entries of one account: reps, and nan or `UNSAID` where an entry says nothing.

    `closed`: some entry carries a value, so that no other rep may serve the account.
    """

    reps: Indices
    values: Floats
    hours: Floats
    eligible: NDArray[np.int8]
    closed: bool

    def access(self, reps: Indices, role: Flags, strict: Flags, rules: Flags) -> tuple[Flags, Flags]:
        """What these reps (ascending) may do, corrected for a seat; `role` says who of them has its role."""
        place, fits = self._find(reps, role)
        strict, rules = strict.copy(), rules & (np.isin(reps, self.reps) | (not self.closed))
        strict[place[fits & (self.eligible == NO)]] = False
        rules[place[fits & (self.eligible == YES)]] = True
        return strict, rules

    def overwrite(self, reps: Indices, role: Flags, value: Floats, hours: Floats) -> None:
        """Put the caller's numbers in place of what is known of these reps."""
        place, fits = self._find(reps, role)
        for target, given in ((value, self.values), (hours, self.hours)):
            said = fits & ~np.isnan(given)
            target[place[said]] = given[said]

    def _find(self, reps: Indices, role: Flags) -> tuple[Indices, Flags]:
        """Place of each entry's rep among the reps, and whether it is there and has the role."""
        place = np.searchsorted(reps, self.reps)
        fits = place < len(reps)
        fits[fits] = (reps[place[fits]] == self.reps[fits]) & role[place[fits]]
        return place, fits


class Pairs:
    """All entries of a problem, sorted by account; one pass over the rows."""

    def __init__(self, book: Book) -> None:
        accounts, reps, eligible = array("q"), array("q"), array("b")
        values, hours = array("d"), array("d")
        closed = np.zeros(len(book.accounts), dtype=bool)
        for entry in book.pairs:
            account, rep = book.account_index.get(entry["account_id"]), book.rep_index.get(entry["rep_id"])
            if account is None:
                continue
            if entry.get("value") is not None:
                closed[account] = True
            if rep is not None:
                accounts.append(account)
                reps.append(rep)
                values.append(_number(entry.get("value")))
                hours.append(_number(entry.get("hours")))
                eligible.append({None: UNSAID, False: NO, True: YES}[entry.get("eligible")])
        order = np.argsort(np.array(accounts, dtype=np.int64), kind="stable")
        self._reps = np.array(reps, dtype=np.int64)[order]
        self._values = np.array(values, dtype=np.float64)[order]
        self._hours = np.array(hours, dtype=np.float64)[order]
        self._eligible = np.array(eligible, dtype=np.int8)[order]
        counts = np.bincount(np.array(accounts, dtype=np.int64), minlength=len(book.accounts))
        self._first = np.concatenate([[0], np.cumsum(counts)])
        self._closed = closed

    def of(self, account: int) -> Listed | None:
        """The entries of an account, None without any."""
        first, last, closed = self._first[account], self._first[account + 1], bool(self._closed[account])
        if first == last and not closed:
            return None
        mine = slice(first, last)
        return Listed(self._reps[mine], self._values[mine], self._hours[mine], self._eligible[mine], closed)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
