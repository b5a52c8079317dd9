"""Family: parent and child accounts share their rep."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from coverplan.constraints.base import Constraint, Links
from coverplan.constraints.filters import EVERY_ACCOUNT, AccountFilter
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Floats
from coverplan.mip.rows import Activity, Joined, LinkedBlock


class Family(Constraint):
    """Children have their parent's rep. Hard: their seats merge; soft: each child that differs costs the penalty.

    A child differs when its rep is not the parent's; under a soft rule an uncovered child does not.
    """

    kind: Literal["family"] = "family"
    unit: ClassVar[str] = "child accounts"
    example: ClassVar[dict[str, Any]] = {"within": "company"}
    within: Literal["company", "territory"] = Field(
        "company", description="`territory`: only parents and children of the same territory belong together."
    )
    accounts: AccountFilter = Field(EVERY_ACCOUNT, description="Accounts that belong to families.")

    def merges(self, book: Book) -> Links | None:
        return self._links(book) if self.merging else None

    @property
    def merging(self) -> bool:
        return self.penalty is None

    def _links(self, book: Book) -> Links:
        """Child and parent accounts, (n, 2)."""
        accounts, member = book.instance.accounts, self.accounts.mask(book)
        child = np.flatnonzero((accounts.parent >= 0) & member)
        parent = accounts.parent[child]
        linked = member[parent]
        if self.within == "territory":
            linked &= accounts.territory[child] == accounts.territory[parent]
        return np.column_stack([child[linked], parent[linked]]).astype(np.int32)

    def _seat_links(self, book: Book) -> Links:
        """Child and parent seats of the same role, (n, 2)."""
        links, seats, width = self._links(book), book.seats, max(1, len(book.instance.roles))
        keys = seats.account.astype(np.int64) * width + seats.role
        order = np.argsort(keys, kind="stable")
        owner = np.full(book.instance.n_accounts, -1, np.int64)
        owner[links[:, 0]] = links[:, 1]
        parent = owner[seats.account]
        wanted = parent * width + seats.role
        place = np.minimum(np.searchsorted(keys[order], wanted), max(0, len(keys) - 1))
        found = (parent >= 0) & (keys[order][place] == wanted)
        return np.column_stack([np.flatnonzero(found), order[place][found]]).astype(np.int32)

    def links(self, pairs: Candidates) -> LinkedBlock:
        seat_links = self._seat_links(pairs.book)

        def differing(rep_of_seat: np.ndarray) -> Floats:
            child, parent = rep_of_seat[seat_links[:, 0]], rep_of_seat[seat_links[:, 1]]
            counts = (child >= 0) | (self.penalty is None)
            return np.asarray([float((counts & (child != parent)).sum())])

        apart = pairs.unit_of_seat[seat_links[:, 0]] != pairs.unit_of_seat[seat_links[:, 1]]
        return _rows(pairs, seat_links[apart], differing)

    def asks(self, currency: str) -> str:
        return f"Parent and child accounts share their rep, within the {self.within}"


def _rows(pairs: Candidates, links: Links, activity: Activity) -> LinkedBlock:
    """Rows `x[child, r] - x[parent, r] <= aux[link]`, one per link and rep that the child admits."""
    width = pairs.instance.n_reps
    link_of = np.full(len(pairs.book.seats), -1, np.int64)
    link_of[links[:, 0]] = np.arange(len(links))
    child = np.flatnonzero(link_of[pairs.seat] >= 0)
    link = link_of[pairs.seat[child]]
    keys = pairs.seat.astype(np.int64) * width + pairs.rep
    order = np.argsort(keys)
    wanted = links[link, 1].astype(np.int64) * width + pairs.rep[child]
    place = np.minimum(np.searchsorted(keys[order], wanted), max(0, len(keys) - 1))
    has_parent = np.flatnonzero(keys[order][place] == wanted) if len(keys) else np.empty(0, np.int64)
    rows = np.arange(len(child))
    return LinkedBlock(
        labels=("company",),
        limit=np.zeros(1),
        upper=np.zeros(len(child)),
        row=np.concatenate([rows, rows[has_parent]]).astype(np.int32),
        choice=np.concatenate([child, order[place[has_parent]]]).astype(np.int32),
        coefficient=np.concatenate([np.ones(len(child)), -np.ones(len(has_parent))]),
        aux_row=rows.astype(np.int32),
        aux=link.astype(np.int32),
        aux_coefficient=-np.ones(len(child)),
        owner=np.zeros(len(links), np.int32),
        activity=activity,
        joined=Joined(links, pairs.rep, follows=True),
    )
