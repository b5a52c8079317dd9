"""Same team: the reps of one account sit in one pod."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import SE, TWO_ROLES, book, measured, solved, value, worth
from support.drawing import ACCOUNTS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries({"accounts": ACCOUNTS})
PODS = book(
    {"a": worth(100, segment="shared"), "b": worth(40, segment="shared")},
    {
        "ana": {"pod": "red"},
        "bo": {"manager_id": "m"},
        "eva": {"role": SE, "pod": "red"},
        "finn": {"role": SE, "manager_id": "m"},
        "gus": {"role": SE},
    },
    managers=[{"id": "m"}],
    segments=TWO_ROLES,
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "All roles of an account sit in one pod."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "same_team", **fields}) == words


@pytest.mark.parametrize(
    ("cover", "split"),
    [
        ({"a": "ana", f"a/{SE}": "eva", "b": "bo", f"b/{SE}": "finn"}, 0),  # red and red; both of m
        ({"a": "ana", f"a/{SE}": "gus", "b": "bo", f"b/{SE}": "eva"}, 2),
        ({"a": "ana", f"b/{SE}": "eva"}, 0),  # one role of each
    ],
)
def test_the_row_counts_pairs_of_roles_in_two_pods(cover: dict[str, str], split: int) -> None:
    """As the auxiliaries of the program count them."""
    check_rows(PODS, {"kind": "same_team"}, cover, {"company": (split, None, 0)})


@examples()
@given(problems(), policies(drawn("same_team", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("same_team", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


def test_pairs_of_roles_from_different_pods_are_counted() -> None:
    """a: red and red; b: m (the manager stands for a pod) and Gus, a pod of his own."""
    cover = {"a": "ana", f"a/{SE}": "eva", "b": "bo", f"b/{SE}": "gus"}

    assert measured(PODS, {"kind": "same_team"}, cover) == {"company": (1, 1)}
    assert measured(PODS, {"kind": "same_team"}, {**cover, f"b/{SE}": "finn"}) == {"company": (0, 0)}


def test_an_uncovered_role_is_no_violation() -> None:
    """a has an account executive only."""
    assert measured(PODS, {"kind": "same_team"}, {"a": "ana"}) == {"company": (0, 0)}


def test_the_better_engineer_of_another_pod_must_pay() -> None:
    """Only Ana and Gus, Gus doubles his quarter: 75 + 50 and 30 + 20 = 175; hard: 140 needs Eva, 25 + 10 with her."""
    problem = {
        **PODS,
        "reps": [rep for rep in PODS["reps"] if rep["id"] in {"ana", "eva", "gus"}],
        "fit": [{"rep_id": "gus", "segment": "shared", "multiplier": 2}],
    }

    assert value(solved(problem, {"kind": "same_team"})) == pytest.approx(140)
    # At 15 a violation, Gus pays on a (25 more) and not on b (10 more).
    assert value(solved(problem, {"kind": "same_team", "penalty": 15})) == pytest.approx(75 + 50 - 15 + 40)
