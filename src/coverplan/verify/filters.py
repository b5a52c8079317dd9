"""Which accounts and which reps a rule is about, and their fair shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from coverplan.verify.book import Account, Book, Document, Rep, given


def filtered_accounts(book: Book, spec: Document | None) -> list[bool]:
    """One flag per account; an absent filter admits all."""
    spec = spec or {}
    admitted = [account for account in book.accounts if _admits(book, spec, account)]
    if spec.get("top") is not None:
        by = given(spec, "by", "revenue")
        ranked = sorted(admitted, key=lambda account: (-getattr(account, by), account.id))
        admitted = ranked[: spec["top"]]
    flags = [False] * len(book.accounts)
    for account in admitted:
        flags[account.index] = True
    return flags


def _admits(book: Book, spec: Document, account: Account) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "segment": lambda wanted: account.segment.id in wanted,
        "industry": lambda wanted: account.industry in wanted,
        "territory": lambda wanted: any(book.within(account.territory, area) for area in wanted),
        "kind": lambda wanted: account.kind == wanted,
        "tags": lambda wanted: any(tag in account.tags for tag in wanted),
        "open_opportunity": lambda wanted: account.open_opportunity == wanted,
        "since_after": lambda wanted: any(since is not None and since > str(wanted) for _, _, since in account.current),
        "ids": lambda wanted: account.id in wanted,
    }
    return all(test(spec[key]) for key, test in tests.items() if spec.get(key) is not None)


def filtered_reps(book: Book, spec: Document | None) -> list[Rep]:
    """The reps that the filter admits; an absent filter admits all."""
    spec = spec or {}

    def admits(rep: Rep) -> bool:
        tests: dict[str, Callable[[Any], bool]] = {
            "ids": lambda wanted: rep.id in wanted,
            "role": lambda wanted: rep.role in wanted,
            "team": lambda wanted: rep.manager in wanted,
            "territory": lambda wanted: any(book.within(own, area) for own in rep.territories for area in wanted),
            "status": lambda wanted: rep.status in wanted,
        }
        return all(test(spec[key]) for key, test in tests.items() if spec.get(key) is not None)

    return [rep for rep in book.reps if admits(rep)]


def fair_shares(amounts: Sequence[float | None]) -> list[float]:
    """Shares that sum to 1: 1/n for an unknown amount, the rest in proportion to the known ones."""
    n = len(amounts)
    known = [amount for amount in amounts if amount is not None]
    rest = len(known) / n if n else 0.0
    total = sum(known)
    if total <= 0:
        return [1 / n for _ in amounts]
    return [1 / n if amount is None else rest * amount / total for amount in amounts]
