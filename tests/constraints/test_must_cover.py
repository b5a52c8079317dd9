"""Must cover: chosen accounts may not be left uncovered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, measured, solved, value, why_uncovered, worth
from support.drawing import ACCOUNTS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries({"accounts": ACCOUNTS})
COSTLY = book(
    {"a": worth(100), "b": {}},
    {"ana": {"capacity_hours": 2}},
    pairs=[{"account_id": "b", "rep_id": "ana", "value": -30}],
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"accounts": {"tags": ["key"]}}, "These accounts are covered (accounts: tags key)."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "must_cover", **fields}) == words


def test_the_row_counts_covered_seats() -> None:
    """a is covered, b is not."""
    check_rows(COSTLY, {"kind": "must_cover"}, {"a": "ana"}, {"company": (1, 2, None)})
    check_rows(COSTLY, {"kind": "must_cover", "accounts": {"ids": ["b"]}}, {"a": "ana"}, {"company": (0, 1, None)})


@examples()
@given(problems(), policies(drawn("must_cover", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("must_cover", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_uncovered_seats_are_counted() -> None:
    """One of two is covered."""
    assert measured(COSTLY, {"kind": "must_cover"}, {"a": "ana"}) == {"company": (1, 1)}


def test_even_at_a_loss() -> None:
    """b costs 30: hard 100 - 30; at a price of 20 it is left out for 20; at 50 it is covered."""
    assert value(solved(COSTLY, {"kind": "must_cover"})) == pytest.approx(70)
    cheap = solved(COSTLY, {"kind": "must_cover", "penalty": 20})
    assert value(cheap) == pytest.approx(80)
    assert why_uncovered(cheap) == {"b": "not_worthwhile"}
    assert value(solved(COSTLY, {"kind": "must_cover", "penalty": 50})) == pytest.approx(70)


def test_a_penalty_of_millions_leaves_the_bound_as_sharp() -> None:
    """Ana's 2 hours cover both, at 0.11 and 0.22: the certificate proves 0.33 to less than a millionth."""
    problem = book({"a": worth(0.11), "b": worth(0.22)}, {"ana": {"capacity_hours": 2}})

    plan = solved(problem, {"kind": "must_cover", "penalty": 1e7})

    assert plan.certificate is not None
    assert plan.certificate.bound == pytest.approx(0.33, abs=1e-6)


def test_an_account_that_nobody_may_serve_makes_it_infeasible() -> None:
    """Nobody has the skill; the least violating plan covers a alone."""
    problem = book({"a": worth(100), "b": worth(9, required_skills=["x"])}, {"ana": {}})

    plan = solved(problem, {"kind": "must_cover"})

    assert plan.solution_status == "infeasible"
    assert plan.least_violating is not None
    assert cover_of(plan.least_violating) == {"a": "ana"}
    assert why_uncovered(plan.least_violating) == {"b": "no_eligible_rep"}
