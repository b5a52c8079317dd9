"""Filters over accounts and reps, and fair shares."""

from typing import Any

import pytest

from coverplan.verify.filters import fair_shares, filtered_accounts, filtered_reps
from coverplan.verify.reading import read_book

Document = dict[str, Any]

PROBLEM: Document = {
    "territories": [{"id": "us"}, {"id": "west", "parent_id": "us"}, {"id": "east", "parent_id": "us"}],
    "segments": [{"id": "big", "conversion": 0.1}, {"id": "small"}],
    "reps": [
        {"id": "ana", "manager_id": "m", "territory_ids": ["west", "east"]},
        {"id": "bo", "role": "sales_engineer", "territory_ids": ["us"]},
        {"id": "cy", "manager_id": "m", "status": "open"},
    ],
    "accounts": [
        {"id": "a", "segment": "big", "industry": "health", "territory_id": "west", "expected_revenue": 50},
        {"id": "b", "segment": "big", "kind": "prospect", "potential": 400, "tags": ["x"], "territory_id": "us"},
        {"id": "c", "segment": "small", "industry": "retail", "tags": ["x", "y"], "potential": 50},
        {"id": "d", "current": [{"rep_id": "ana", "since": "2026-07-02"}], "open_opportunity": True},
    ],
}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, "abcd"),
        ({}, "abcd"),
        ({"segment": ["big"]}, "ab"),
        ({"segment": ["small", "default"]}, "cd"),
        ({"industry": ["health", "retail"]}, "ac"),
        ({"territory": ["us"]}, "ab"),  # with its subtree
        ({"territory": ["west"]}, "a"),
        ({"kind": "customer"}, "acd"),
        ({"tags": ["x"]}, "bc"),
        ({"tags": ["y", "z"]}, "c"),  # any of them
        ({"open_opportunity": True}, "d"),
        ({"open_opportunity": False}, "abc"),
        ({"since_after": "2026-07-01"}, "d"),
        ({"since_after": "2026-07-02"}, ""),  # strictly after
        ({"ids": ["a", "d"]}, "ad"),
        ({"segment": ["big"], "kind": "customer"}, "a"),
        ({"top": 2}, "ac"),  # a 50, b 400 x 0.1 = 40, c 50, d 0
        ({"top": 1}, "a"),  # a and c tie at 50: the smaller id
        ({"top": 2, "by": "potential"}, "bc"),
        ({"top": 2, "by": "existing"}, "ab"),  # a 50; b, c, d tie at 0
        ({"tags": ["x"], "top": 1}, "c"),  # top comes last: b 40, c 50
        ({"segment": None, "by": "revenue"}, "abcd"),
    ],
)
def test_account_filters(spec: Document | None, expected: str) -> None:
    """All keys must hold; `top` comes last."""
    book = read_book(PROBLEM)

    flags = filtered_accounts(book, spec)

    assert "".join(account.id for account in book.accounts if flags[account.index]) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (None, ["ana", "bo", "cy"]),
        ({"ids": ["bo"]}, ["bo"]),
        ({"role": ["account_executive"]}, ["ana", "cy"]),
        ({"team": ["m"]}, ["ana", "cy"]),
        ({"territory": ["us"]}, ["ana", "bo"]),  # cy names no territory and does not match
        ({"territory": ["west"]}, ["ana"]),
        ({"status": ["open"], "team": ["m"]}, ["cy"]),
    ],
)
def test_rep_filters(spec: Document | None, expected: list[str]) -> None:
    """All keys must hold."""
    assert [rep.id for rep in filtered_reps(read_book(PROBLEM), spec)] == expected


@pytest.mark.parametrize(
    ("amounts", "shares"),
    [
        ([10, 30], [0.25, 0.75]),
        ([10, 30, None], [1 / 6, 1 / 2, 1 / 3]),  # the unknown third, then 2/3 as 1 to 3
        ([None, None], [0.5, 0.5]),
        ([0, 0, None], [1 / 3] * 3),
        ([0, 5], [0.0, 1.0]),
        ([], []),
    ],
)
def test_fair_shares(amounts: list[float | None], shares: list[float]) -> None:
    """They sum to 1."""
    assert fair_shares(amounts) == pytest.approx(shares)
