"""Penalties that money cannot be weighed against are told before anything is solved."""

from __future__ import annotations

from typing import Any

import pytest

from coverplan.payload.checks import check
from coverplan.payload.issues import Issue
from support.brute import documents
from support.by_hand import book, worth

Document = dict[str, Any]


def warned(rule: Document, money: float = 100.0) -> list[Issue]:
    """The warnings of one rule beside two accounts of 5 and 2 hours, the better worth the money."""
    problem = book({"a": worth(money, hours=5), "b": worth(money / 2, hours=2)}, {"ana": {"capacity_hours": 6}})
    found = check(*documents(problem, {"constraints": [rule]})).warnings
    return [issue for issue in found if issue.code == "penalty_swamps_money"]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "must_cover", "penalty": 1e8}, False),  # 1e8 = a million times 100
        ({"kind": "must_cover", "penalty": 1.1e8}, True),
        ({"kind": "capacity", "penalty": 1.9e7}, False),  # an account of 5 hours: 9.5e7
        ({"kind": "capacity", "penalty": 2.1e7}, True),  # 1.05e8
        ({"kind": "balance", "penalty": 0.9e6}, False),  # an account of 100: 9e7
        ({"kind": "balance", "penalty": 1.1e6}, True),
        ({"kind": "capacity"}, False),
        ({"kind": "capacity", "penalty": 0}, False),
    ],
)
def test_one_violation_against_a_million_times_the_best_account(rule: Document, told: bool) -> None:
    """In the units of the rule."""
    assert bool(warned(rule)) == told


def test_the_warning_says_what_to_do() -> None:
    """At 100 x 100 / 5 = 2,000 an hour five hours too many cost as much as a hundred of the best accounts bring."""
    (issue,) = warned({"kind": "capacity", "id": "hours", "penalty": 1e12})

    assert issue.severity == "warning"
    assert issue.pointer == "/policy/constraints/0/penalty"
    assert issue.value == 1e12
    assert issue.entity is not None
    assert issue.entity.id == "hours"
    assert "5e+12" in issue.message
    assert issue.suggestion is not None
    assert "at 2,000 one" in issue.suggestion


def test_without_money_nothing_is_swamped() -> None:
    """Where no account is worth anything, penalties are all there is."""
    assert not warned({"kind": "must_cover", "penalty": 1e12}, money=0.0)
