"""From a problem document to its book and candidates."""

from __future__ import annotations

from typing import Any

import numpy as np

from coverplan.constraints import Constraint
from coverplan.domain.book import Book
from coverplan.domain.candidates import Candidates
from coverplan.domain.eligibility import CandidateRules
from coverplan.payload.columns import to_instance
from support.brute import documents

Document = dict[str, Any]


def book_of(problem: Document) -> Book:
    """The derived columns of a problem."""
    return Book.of(to_instance(documents(problem, {})[0]))


def candidates_of(problem: Document, rule: Constraint | None = None, **rules: Any) -> Candidates:
    """All admissible pairs, seats merged if the rule asks for it."""
    book = book_of(problem)
    return Candidates.of(book, CandidateRules(**rules), None if rule is None else rule.merges(book))


def admitted(pairs: Candidates) -> dict[str, set[str]]:
    """Reps who may serve each account (in any role)."""
    accounts, reps = pairs.instance.accounts.ids.tolist(), pairs.instance.reps.ids
    found: dict[str, set[str]] = {account: set() for account in accounts}
    for account, rep in zip(pairs.account, pairs.rep, strict=True):
        found[accounts[account]].add(reps[rep])
    return found


def pair(pairs: Candidates, account: str, rep: str) -> int:
    """The one pair of this account and rep."""
    accounts, reps = pairs.instance.accounts.ids.tolist(), pairs.instance.reps.ids
    (place,) = np.flatnonzero((pairs.account == accounts.index(account)) & (pairs.rep == reps.index(rep)))
    return int(place)
