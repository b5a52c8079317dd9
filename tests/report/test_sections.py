"""The sections that need more than the small carve: every kind of rule, odd scopes, crowds."""

from typing import Any

import pytest

from coverplan.payload.missed import is_missed
from coverplan.payload.plan import ConstraintRow, Objective, Plan
from coverplan.report.books import books_view
from coverplan.report.facts import Facts
from coverplan.report.ledger import ledger_view
from coverplan.report.moves import SHOWN, moves_view, uncovered_view
from coverplan.report.page import STEPS, render
from coverplan.report.places import MARKS, map_data
from coverplan.report.rules import rules_view, scope_words
from support import reports
from support.by_hand import book, evaluated, worth
from support.reports import Document, Page


def facts_of(*rules: Document, **changes: Any) -> Facts:
    return Facts.of({**reports.problem(), **changes}, {"constraints": list(rules)})


def row(scope: str = "company", **values: Any) -> ConstraintRow:
    numbers = {"activity": 0.0, "binding": False, "violation": 0.0, "penalty": 0.0}
    return ConstraintRow(**{"id": "capacity", "kind": "capacity", "scope": scope, **numbers, **values})


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("company", "the company"),
        ("company/max_moved_share", "the company (max moved share)"),
        ("rep:r1", "Ana"),
        ("rep:r1/max_share", "Ana (max share)"),
        ("rep:r1/x", "Slash"),  # an id may hold a slash
        ("rep:r1/x/count", "Slash (count)"),
        ("rep:gone", "gone"),
        ("team:m1", "Mia's team"),
        ("segment:default", "segment default"),
        ("a/b/rep:r1", "Ana (group a/b)"),
        ("something else", "something else"),
    ],
)
def test_scopes_in_words(scope: str, words: str) -> None:
    """Names for ids; the longest known id wins."""
    reps = [*reports.problem()["reps"], {"id": "r1/x", "name": "Slash"}]

    assert scope_words(scope, facts_of(reps=reps)) == words


def test_reps_of_one_name_are_told_apart() -> None:
    """By their ids."""
    facts = facts_of(reps=[{"id": "r1", "name": "Ana"}, {"id": "r2", "name": "Ana"}, {"id": "r3"}])

    assert list(facts.rep_names.values()) == ["Ana (r1)", "Ana (r2)", "r3"]


@pytest.mark.parametrize(
    ("violation", "upper", "missed"),
    [
        (0.0, 10.0, False),
        (8.9e-16, 0.0, False),  # rounding
        (2e-6, 10.0, True),  # beyond 1e-6 + 1e-9 * 10
        (5e-4, 1e6, False),  # within 1e-6 + 1e-9 * 1e6 = 1.001e-3
        (2e-7, 5e-4, True),  # beyond 1e-6 of 5e-4: 5e-10
        (5e-7, 0.0, False),  # of what 0 is the difference of is not known
    ],
)
def test_rounding_misses_no_rule(violation: float, upper: float, missed: bool) -> None:
    """The tolerance of feasibility."""
    assert is_missed(row(violation=violation, upper=upper, activity=upper + violation)) == missed


def test_missed_rules_come_first() -> None:
    """Then those at their limit; hard before soft."""
    facts = facts_of({"kind": "capacity"}, {"kind": "account_count", "max": 1}, {"kind": "goal", "min": 1.0})
    rows = [
        row("rep:r1", activity=4.0, upper=10.0, slack=6.0),
        row("rep:r1", id="account_count", kind="account_count", activity=1.0, upper=1.0, slack=0.0, binding=True),
        row(id="goal", kind="goal", activity=0.0, lower=1.0, slack=0.0, violation=1.0),
    ]
    plan = Plan.model_validate({**reports.plan(), "constraints": [one.model_dump() for one in rows]})

    view = rules_view(plan, facts)

    assert [rule.id for rule in view.rules] == ["goal", "account_count", "capacity"]
    assert (view.missed_hard, view.missed_soft) == (1, 0)
    assert view.rules[1].notable == ["At the limit: Ana."]


def test_waterfall_ends_at_the_objective() -> None:
    """From 0 to 1,800, back to 1,680 and 1,650; the axis starts at 1,650 - 150 / 4 = 1,612.5 of 1,800."""
    objective = Objective.model_validate(reports.plan()["objective"])

    view = ledger_view(objective, facts_of())
    revenue, loss, penalty = view.lines

    assert (revenue.left, revenue.width) == (0, 100)
    assert loss.width == pytest.approx(120 / 187.5 * 100, abs=1e-3)
    assert (penalty.left, view.total.width) == (view.total.width, penalty.left)
    assert view.total.width == pytest.approx(37.5 / 187.5 * 100, abs=1e-3)
    assert view.axis_from is not None


def test_waterfall_below_zero_keeps_its_zero() -> None:
    """Costs only, as in an assignment problem: the bars hang from the right end."""
    objective = Objective.model_validate({"value": -40.0, "terms": [{"term": "expected_revenue", "value": -40.0}]})

    view = ledger_view(objective, facts_of())

    assert (view.total.left, view.total.width, view.axis_from) == (0, 100, None)


def crowd(size: int) -> tuple[Document, Document]:
    """Accounts in a row along the equator that all move from Ana to Bo; account i is worth i and loses i / 10."""
    accounts = [
        {
            "id": f"a{place}",
            "expected_revenue": float(place),
            "current": [{"rep_id": "r1"}],
            "location": {"lat": 0.0, "lon": 90.0 * place / size},
        }
        for place in range(size)
    ]
    moves = [
        {
            "account_id": f"a{place}",
            "role": reports.ROLE,
            "rep_id": "r2",
            "previous_rep_id": "r1",
            "change": "moved",
            "expected_revenue": 0.0,
            "hours": 1.0,
            "relationship_loss": place / 10,
        }
        for place in range(size)
    ]
    return {**reports.problem(), "accounts": accounts}, {**reports.plan(), "assignments": moves, "uncovered": []}


def test_long_lists_show_the_most_at_stake_and_count_the_rest() -> None:
    """Of 0..99 the largest 25 are 75..99; the other 75 sum to 74 * 75 / 2 = 2,775."""
    problem, plan = crowd(100)

    view = moves_view(Plan.model_validate(plan), Facts.of(problem, {}), forced=False)

    assert [entry.account_id for entry in view.rows] == [f"a{place}" for place in range(99, 99 - SHOWN, -1)]
    assert (view.total, view.rest) == (100, 75)
    assert view.rest_revenue == pytest.approx(2775)
    assert view.rest_loss == pytest.approx(277.5)
    assert view.revenue == pytest.approx(4950)


def test_who_holds_accounts_until_the_next_rep_starts_is_named() -> None:
    """Ana holds a, 8 hours a year, for 3 of 12 months."""
    reps: dict[str, Document] = {
        "ana": {"name": "Ana", "capacity_hours": 9},
        "hana": {"status": "hired", "start_date": "2027-04-01"},
    }
    problem = book({"a": worth(100, "ana", hours=8)}, reps)
    facts = Facts.of(problem, {"constraints": []})
    plan = evaluated(problem, {"kind": "goal", "measure": "accounts", "min": 0}, {"a": "hana"})

    assert moves_view(plan, facts, forced=False).rows[0].after == "hana, from 2027-04-01"
    kept = "Ana keeps accounts until their next rep starts: 2 hours that are in no book."
    assert kept in books_view(plan, facts).findings


def test_crowded_maps_group_accounts() -> None:
    """No more marks than fit, every account in one of them, and their middles where the accounts are."""
    problem, plan = crowd(MARKS + 1)

    data = map_data(Plan.model_validate(plan), Facts.of(problem, {}))

    assert data is not None
    assert data["grouped"]
    assert len(data["x"]) <= MARKS
    assert sum(data["sizes"]) + data["left_out"] == MARKS + 1
    assert set(data["today"]) == {0}
    assert set(data["plan"]) == {1}
    assert sum(data["revenue"]) == pytest.approx(MARKS * (MARKS + 1) / 2)
    assert sum(x * size for x, size in zip(data["x"], data["sizes"], strict=True)) == pytest.approx(
        90 * MARKS / 2, rel=1e-4
    )


def test_long_searches_are_thinned() -> None:
    """The last step stays."""
    steps = [
        {"t": float(t), "objective_value": 1000.0 + t, "dual_bound": 6000.0, "gap": 0.1, "phase": "search"}
        for t in range(10 * STEPS + 5)
    ]
    plan = {**reports.plan(), "metrics": {"progress": steps}}

    data = Page(render(plan, reports.problem(), reports.policy())).data

    assert len(data["progress"]) <= STEPS + 1
    assert data["progress"][-1][0] == steps[-1]["t"]


def test_an_evaluation_blames_no_search() -> None:
    """Nothing was searched, so that nothing stopped."""
    left = {"account_id": "a4", "role": reports.ROLE, "reason": "search_stopped"}
    plan = {**reports.plan(), "method": {"used": "evaluated"}, "uncovered": [left]}

    view = uncovered_view(Plan.model_validate(plan), facts_of())

    assert view.row_reasons == ["left out"]
    assert "search" not in view.reasons[0].words
