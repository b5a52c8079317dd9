"""Family: parents and children share their rep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.brute import check_evaluate, check_solve
from support.by_hand import book, cover_of, evaluated, measured, solved, value, worth
from support.drawing import ACCOUNTS, drawn, policies
from support.rows import check_rows, in_words
from support.sampling import COVERS, examples
from support.tiny import problems

Document = dict[str, Any]
FIELDS = st.fixed_dictionaries({"within": st.sampled_from(["company", "territory"]), "accounts": ACCOUNTS})
CHAIN = book(
    {"grandparent": worth(100), "parent": worth(50, parent_id="grandparent"), "child": worth(30, parent_id="parent")},
    {"ana": {}, "bo": {}},
)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Parent and child accounts share their rep, within the company."),
    ],
)
def test_in_words(fields: Document, words: str) -> None:
    """What is asked, of whom, and what missing it costs."""
    assert in_words({"kind": "family", **fields}) == words


@pytest.mark.parametrize(
    ("cover", "differing"),
    [
        ({"grandparent": "ana", "parent": "bo", "child": "bo"}, 1),  # the parent alone
        ({"grandparent": "ana", "parent": "bo", "child": "ana"}, 2),
        ({"grandparent": "ana", "child": "ana"}, 1),  # from a parent without a rep; who has none does not differ
    ],
)
def test_the_row_counts_children_apart_from_their_parent(cover: dict[str, str], differing: int) -> None:
    """As the auxiliaries of the program count them."""
    check_rows(CHAIN, {"kind": "family", "penalty": 5}, cover, {"company": (differing, None, 0)})


def test_hard_the_families_are_merged() -> None:
    """Without a rep beside a covered parent the child differs too."""
    cover = {"grandparent": "ana", "parent": "ana"}

    check_rows(CHAIN, {"kind": "family"}, cover, {"company": (1, None, 0)})


@examples()
@given(problems(), policies(drawn("family", FIELDS)))
def test_solved_like_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """Objective, feasibility and bound of a random rule, hard or soft."""
    check_solve(problem, policy)


@examples()
@given(problems(), policies(drawn("family", FIELDS)), COVERS)
def test_any_assignment_is_measured_like_the_verifier_does(
    problem: Document, policy: Document, cover: list[int]
) -> None:
    """Rows, terms and verdict of a random cover, good or bad."""
    check_evaluate(problem, policy, cover)


@pytest.mark.parametrize(
    ("cover", "hard", "soft"),
    [
        ({"grandparent": "ana", "parent": "ana", "child": "ana"}, 0, 0),
        ({"grandparent": "ana", "parent": "bo", "child": "ana"}, 2, 2),  # parent from grandparent, child from parent
        ({"grandparent": "ana", "parent": "ana"}, 1, 0),  # an uncovered child differs only where seats merge
        ({"grandparent": "ana", "child": "ana"}, 2, 1),  # softly the child differs from a parent without a rep
    ],
)
def test_each_link_counts_by_itself(cover: dict[str, str], hard: float, soft: float) -> None:
    """A grandchild is compared with its parent, not with the head of the family."""
    assert measured(CHAIN, {"kind": "family"}, cover) == {"company": (hard, hard)}
    assert measured(CHAIN, {"kind": "family", "penalty": 5}, cover) == {"company": (soft, soft)}


def test_a_split_family_is_no_plan() -> None:
    """The child stays uncovered beside a covered parent: the merged seat has one rep for all."""
    plan = evaluated(CHAIN, {"kind": "family"}, {"grandparent": "ana", "parent": "ana"})

    assert plan.solution_status == "infeasible"


def test_a_locked_child_draws_the_whole_family() -> None:
    """Bo is worth half, but holds the locked child: (100 + 50) / 2 + 30 / 2 = 90."""
    problem = book(
        {
            "head": worth(100),
            "side": worth(50, parent_id="head"),
            "low": worth(30, "bo", parent_id="head", locked=True),
        },
        {"ana": {}, "bo": {}},
        fit=[{"rep_id": "bo", "segment": "default", "multiplier": 0.5}],
    )

    plan = solved(problem, {"kind": "family"})

    assert set(cover_of(plan).values()) == {"bo"}
    assert value(plan) == pytest.approx(90)


def test_within_a_territory_only() -> None:
    """a and b lie in the north and merge; c in the south stays with Bo, who is worth more to it."""
    problem = book(
        {
            "a": worth(100, territory_id="north"),
            "b": worth(10, territory_id="north", parent_id="a"),
            "c": worth(10, territory_id="south", parent_id="a"),
        },
        {"ana": {}, "bo": {}},
        territories=[{"id": "north"}, {"id": "south"}],
        fit=[
            {"rep_id": "bo", "account_id": "b", "multiplier": 3},
            {"rep_id": "bo", "account_id": "c", "multiplier": 3},
            {"rep_id": "bo", "account_id": "a", "multiplier": 0.5},
        ],
    )

    plan = solved(problem, {"kind": "family", "within": "territory"})

    assert cover_of(plan) == {"a": "ana", "b": "ana", "c": "bo"}
    assert value(plan) == pytest.approx(100 + 10 + 30)
    # Softly each child goes where it earns 30, at 15 a link: 100 + 30 + 30 - 2 * 15, against 10 each with Ana.
    assert value(solved(problem, {"kind": "family", "penalty": 15})) == pytest.approx(130)


def test_a_family_needs_a_rep_whom_all_members_admit() -> None:
    """Ana lacks the child's skill and holds nothing; Bo has it."""
    problem = book(
        {"head": worth(100), "low": worth(30, parent_id="head", required_skills=["x"])},
        {"ana": {}, "bo": {"skills": ["x"]}},
        fit=[{"rep_id": "bo", "segment": "default", "multiplier": 0.1}],
    )

    assert cover_of(solved(problem, {"kind": "family"})) == {"head": "bo", "low": "bo"}
