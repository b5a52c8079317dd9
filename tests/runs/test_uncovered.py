"""Each reason why a seat stays uncovered, by a tiny example."""

from __future__ import annotations

import pytest

from support.by_hand import SE, TWO_ROLES, book, evaluated, solved, why_uncovered, worth


def test_nobody_may_serve_it() -> None:
    """No rep has the skill."""
    plan = solved(book({"a": worth(9, required_skills=["x"])}, {"ana": {}}))

    assert why_uncovered(plan) == {"a": "no_eligible_rep"}


def test_every_book_is_full() -> None:
    """Ana has 4 hours, taken by the better account; Bo may not serve b."""
    problem = book(
        {"a": worth(100, hours=4), "b": worth(40, hours=3, required_skills=["x"])},
        {"ana": {"capacity_hours": 4, "skills": ["x"]}, "bo": {}},
        pairs=[{"account_id": "a", "rep_id": "bo", "eligible": False}],
    )

    assert why_uncovered(solved(problem, {"kind": "capacity"})) == {"b": "no_room"}


@pytest.mark.parametrize(
    ("rule", "self_serve"),
    [
        ({"kind": "capacity"}, 1.0),  # nothing is gained: it all comes in by itself
        ({"kind": "account_count", "max": 0, "penalty": 101}, 0.0),  # the penalty is more than the account
    ],
)
def test_it_does_not_pay(rule: dict[str, object], self_serve: float) -> None:
    """100 to gain, at most."""
    problem = book({"a": worth(100, "gone")}, {"ana": {}}, segments=[{"id": "default", "self_serve_share": self_serve}])

    assert why_uncovered(solved(problem, rule)) == {"a": "not_worthwhile"}


def test_it_would_pay() -> None:
    """A caller's own cover that leaves a out, though Ana has room."""
    problem = book({"a": worth(100), "b": worth(40)}, {"ana": {"capacity_hours": 2}})

    plan = evaluated(problem, {"kind": "capacity"}, {"b": "ana"})

    assert why_uncovered(plan) == {"a": "search_stopped"}


def test_a_rule_that_ties_seats_leaves_no_room() -> None:
    """Ana's book may hold one territory, and holds the north."""
    problem = book(
        {"a": worth(100, territory_id="north"), "b": worth(40, territory_id="south")},
        {"ana": {}},
        territories=[{"id": "north"}, {"id": "south"}],
    )

    assert why_uncovered(solved(problem, {"kind": "spread", "max": 1})) == {"b": "no_room"}


def test_covering_a_parent_may_end_its_childrens_penalties() -> None:
    """The parent costs 10 by itself, but its child differs from nobody at a price of 15: covering it would pay."""
    problem = book(
        {"head": {}, "low": worth(100, parent_id="head")},
        {"ana": {}},
        pairs=[{"account_id": "head", "rep_id": "ana", "value": -10}],
    )

    dear = evaluated(problem, {"kind": "family", "penalty": 15}, {"low": "ana"})
    cheap = evaluated(problem, {"kind": "family", "penalty": 5}, {"low": "ana"})

    assert why_uncovered(dear) == {"head": "search_stopped"}
    assert why_uncovered(cheap) == {"head": "not_worthwhile"}


def test_a_rule_broken_elsewhere_takes_no_room_here() -> None:
    """a is split between pods; b, uncovered, has nothing to do with it."""
    problem = book(
        {"a": worth(100, segment="shared"), "b": worth(40, segment="shared")},
        {"ana": {"pod": "red"}, "eva": {"role": SE, "pod": "blue"}},
        segments=TWO_ROLES,
    )

    plan = evaluated(problem, {"kind": "same_team"}, {"a": "ana", f"a/{SE}": "eva", f"b/{SE}": "eva"})

    assert plan.solution_status == "infeasible"
    assert why_uncovered(plan) == {"b": "no_room"}  # Eva of the other pod has b's second seat
    alone = evaluated(problem, {"kind": "same_team"}, {"a": "ana", f"a/{SE}": "eva"})
    assert set(why_uncovered(alone).values()) == {"search_stopped"}
