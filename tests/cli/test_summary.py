"""The summary of a plan on standard output."""

from __future__ import annotations

from collections import Counter

import pytest

from coverplan.cli.summary import print_summary
from support.by_hand import book, evaluated, solved, worth
from support.rows import rule_of

TEAM = book({name: worth(100, "ana") for name in "abcd"}, {"ana": {"capacity_hours": 3}, "bo": {"capacity_hours": 9}})


def test_upheaval_comes_first_and_today_is_said_in_two_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """Fair are 100 and 300: three move at 15 each; 300 too many at Ana's and 300 too few at Bo's are no more."""
    plan = solved(
        TEAM, {"kind": "capacity"}, {"kind": "balance", "tolerance": 0, "penalty": 0.2}, {"kind": "must_cover"}
    )

    print_summary(plan, "USD", [], {}, Counter())

    first, second, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("75.0 % of the revenue, USD 300, leaves reps who could stay. That mends")
    assert "(capacity) and buys USD 120 less penalty of balance" in first
    assert second.startswith("Optimal")
    (today,) = (line.split(maxsplit=1)[1] for line in rest if line.strip().startswith("today"))
    assert today == "USD 45.00 less revenue than today; USD 120.00 of penalties saved; today breaks capacity"


def test_who_keeps_accounts_until_a_hire_starts_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Ana, full with b, gives up a: 8 hours a year for 3 of 12 months; nobody keeps c, which nobody has."""
    problem = book(
        {"a": worth(100, "ana", hours=8), "b": worth(900, "ana", hours=8), "c": worth(100, hours=8)},
        {"ana": {"capacity_hours": 8}, "hana": {"status": "hired", "start_date": "2027-04-01", "capacity_hours": 99}},
    )

    print_summary(solved(problem, {"kind": "capacity"}), "USD", [], {}, Counter())

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert ["handovers", "1 rep keeps accounts until their next rep starts: 2 hours meanwhile"] in lines


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ({"kind": "capacity"}, "capacity rep:ana: 4, should be at most 3, misses by 1"),
        (
            {"kind": "account_count", "min": 1, "max": 2, "penalty": 5},
            "account_count rep:ana: 4, should be at least 1 and at most 2, misses by 2, costs USD 10.00",
        ),
    ],
)
def test_the_worst_rows_are_told_as_the_rule_explains_them(
    rule: dict[str, object], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ana has all four accounts, an hour each."""
    kept = rule_of({**rule, "id": rule["kind"]})

    print_summary(evaluated(TEAM, rule, dict.fromkeys("abcd", "ana")), "USD", [kept], {}, Counter())

    assert f"  {line}" in capsys.readouterr().out.splitlines()
