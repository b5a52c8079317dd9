"""The default policy: nobody loses accounts for money alone, and the verifier has the same defaults by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, worth
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]


def team(ana_hours: float) -> Document:
    """Ana holds four accounts of 100, which need 12 hours; with Bo each is worth half as much again."""
    accounts = {name: worth(100, "ana", hours=3) for name in "abcd"}
    fit = [{"rep_id": "bo", "segment": "default", "multiplier": 1.5}]
    return book(accounts, {"ana": {"capacity_hours": ana_hours}, "bo": {"capacity_hours": 20}}, fit=fit)


def test_money_alone_moves_nothing_beyond_the_cap() -> None:
    """Moving one brings 50 - 15 + 40 of balance and costs (0.9 * 400 - 300) * 10."""
    plan = check_solve(team(12), {})

    assert plan is not None
    assert set(cover_of(plan).values()) == {"ana"}


def test_a_broken_hard_rule_moves_what_it_must() -> None:
    """Ana has 10 hours for 12: one leaves, to Bo, and no second one follows it."""
    plan = check_solve(team(10), {})

    assert plan is not None
    assert plan.objective is not None
    assert sorted(cover_of(plan).values()) == ["ana", "ana", "ana", "bo"]
    terms = {term.constraint or term.term: term.value for term in plan.objective.terms}
    assert terms["keep_current"] == pytest.approx(-600)  # 300 of 360 are kept
    assert terms["relationship_loss"] == pytest.approx(-15)


@examples()
@given(problems())
def test_the_verifier_agrees_on_the_best_plan_without_a_policy(problem: Document) -> None:
    """The best of all assignments, judged by the verifier under its own defaults."""
    check_solve(problem, {})


@examples()
@given(problems(), COVERS)
def test_the_verifier_measures_by_the_same_defaults(problem: Document, cover: list[int]) -> None:
    """Every row and term of a random cover."""
    check_evaluate(problem, {}, cover)
