"""Same team: the roles of one account are covered from one pod."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint
from coverplan.constraints.filters import EVERY_ACCOUNT, AccountFilter
from coverplan.constraints.findings import Finding
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats, Ints
from coverplan.mip.rows import Activity, Joined, LinkedBlock


class SameTeam(Constraint):
    """An account's roles are covered from one pod; the violation counts pairs of roles from different pods."""

    kind: Literal["same_team"] = "same_team"
    unit: ClassVar[str] = "pairs of roles"
    example: ClassVar[dict[str, Any]] = {"penalty": 5000}
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts with the rule.")

    def links(self, pairs: Candidates) -> LinkedBlock:
        first, second = _role_pairs(pairs, self.accounts.mask(pairs.book))
        pod = pairs.instance.reps.pod

        def split(rep_of_seat: np.ndarray) -> Floats:
            one, other = rep_of_seat[first], rep_of_seat[second]
            both = (one >= 0) & (other >= 0)
            return np.asarray([float((both & (pod[one] != pod[other])).sum())])

        return _rows(pairs, first, second, split)

    def asks(self, currency: str) -> str:
        return "All roles of an account sit in one pod"

    def idle_parts(self, book: Book) -> Iterator[Finding]:
        yield from super().idle_parts(book)
        if len(np.unique(book.instance.reps.pod)) == book.instance.n_reps:
            yield Finding("no_pods")


def _role_pairs(pairs: Candidates, accounts: Bools) -> tuple[Ints, Ints]:
    """Unordered pairs of seats of one account: first and second seat of each."""
    seats = pairs.book.seats
    per_account = np.bincount(seats.account, minlength=pairs.instance.n_accounts)
    firsts, seconds = [], []
    for apart in range(1, int(per_account.max(initial=1))):
        seat = np.arange(len(seats) - apart)
        joined = (seats.account[seat] == seats.account[seat + apart]) & accounts[seats.account[seat]]
        firsts.append(seat[joined])
        seconds.append(seat[joined] + apart)
    empty = np.empty(0, np.int64)
    return (
        np.concatenate([empty, *firsts]).astype(np.int32),
        np.concatenate([empty, *seconds]).astype(np.int32),
    )


def _rows(pairs: Candidates, first: Ints, second: Ints, activity: Activity) -> LinkedBlock:
    """Rows `sum x(first, pod t) + sum x(second, pods other than t) - aux <= 1` per role pair and pod t of the first.

    Written as `sum x(first, t) - sum x(second, t) + sum x(second, all) - aux <= 1`.
    """
    width = len(pairs.instance.pods)
    start = np.searchsorted(
        pairs.seat, np.arange(len(pairs.book.seats) + 1), sorter=np.argsort(pairs.seat, kind="stable")
    )
    by_seat = np.argsort(pairs.seat, kind="stable")
    tie, choice = _expand(start, by_seat, first)
    pod = pairs.instance.reps.pod[pairs.rep[choice]]
    rows, row = np.unique(tie * width + pod, return_inverse=True)
    row_tie, row_pod = np.divmod(rows, width)
    other_row, other_choice = _expand(start, by_seat, second[row_tie])
    elsewhere = pairs.instance.reps.pod[pairs.rep[other_choice]] != row_pod[other_row]
    return LinkedBlock(
        labels=("company",),
        limit=np.zeros(1),
        upper=np.ones(len(rows)),
        row=np.concatenate([row.reshape(-1), other_row[elsewhere]]).astype(np.int32),
        choice=np.concatenate([choice, other_choice[elsewhere]]).astype(np.int32),
        coefficient=np.ones(len(choice) + int(elsewhere.sum())),
        aux_row=np.arange(len(rows)).astype(np.int32),
        aux=row_tie.astype(np.int32),
        aux_coefficient=-np.ones(len(rows)),
        owner=np.zeros(len(first), np.int32),
        activity=activity,
        joined=Joined(np.column_stack([first, second]), pairs.instance.reps.pod[pairs.rep], follows=False),
    )


def _expand(start: np.ndarray, by_seat: np.ndarray, seats: Ints) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of each listed seat: the position in the list, and the pair."""
    lengths = start[seats + 1] - start[seats]
    position = np.repeat(np.arange(len(seats)), lengths)
    within = np.arange(len(position)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return position, by_seat[start[seats[position]] + within]
