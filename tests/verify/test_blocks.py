"""Seats that rules tie together count in the bound exactly: by hand, and against every assignment."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.verify import Judge, bound
from coverplan.verify.blocks import Team, Tree, find_blocks
from support.brute import best_objective
from support.drawing import policies
from support.policies import rules
from support.sampling import examples
from support.tiny import problems

Document = dict[str, Any]
ROLES = ["ae", "se", "cs"]


def problem_of(values: dict[str, dict[str, float]], pods: dict[str, str], parents: dict[str, str] | None = None) -> Any:
    """Accounts with a value for each rep; the first two letters of a rep are its role, and the account has it."""
    segments = [
        {"id": account, "roles": [{"role": r} for r in ROLES if any(rep.startswith(r) for rep in row)]}
        for account, row in values.items()
    ]
    return {
        "segments": segments,
        "reps": [{"id": rep, "role": rep[:2], "pod": pod} for rep, pod in pods.items()],
        "accounts": [
            {"id": account, "segment": account, "parent_id": (parents or {}).get(account)} for account in values
        ],
        "pairs": [
            {"account_id": account, "rep_id": rep, "value": value}
            for account, row in values.items()
            for rep, value in row.items()
        ],
    }


TEAM = {"ae1": "red", "ae2": "blue", "se1": "red", "se2": "blue"}
DUO = {"ae1": 10.0, "ae2": 4.0, "se1": 3.0, "se2": 8.0}


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ([], 18),  # 10 + 8, from two pods
        ([{"kind": "same_team"}], 13),  # red 10 + 3 over blue 4 + 8
        ([{"kind": "same_team", "penalty": 2}], 16),  # 10 + 8 - 2
        ([{"kind": "same_team", "penalty": 2}, {"kind": "same_team", "penalty": 1}], 15),  # 10 + 8 - 3
        ([{"kind": "same_team", "penalty": 2}, {"kind": "same_team", "penalty": 6}], 13),  # red over 18 - 8
        ([{"kind": "same_team", "penalty": 2}, {"kind": "same_team"}], 13),  # red
        ([{"kind": "same_team", "accounts": {"ids": []}}], 18),
    ],
)
def test_one_account_with_two_roles(constraints: list[Document], expected: float) -> None:
    """Ana (ae1) and Eva (se1) are red, ae2 and se2 blue."""
    assert bound(problem_of({"a": DUO}, TEAM), {"constraints": constraints}, []) == pytest.approx(expected)


def test_a_seat_may_stay_uncovered_for_the_sake_of_its_team() -> None:
    """Red 10 - 3, blue 4 - 1, ae1 alone 10."""
    problem = problem_of({"a": {"ae1": 10, "ae2": 4, "se1": -3, "se2": -1}}, TEAM)

    assert bound(problem, {"constraints": [{"kind": "same_team"}]}, []) == pytest.approx(10)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (None, 14),  # ae1 and cs1 red: 9 + 5, the sales engineer left out, whose red value is -20
        (1, 19),  # 9 + 7 + 5, the engineer differs from both: 21 - 2
        (4, 14),  # 21 - 8 < 14
    ],
)
def test_three_roles_pay_for_each_pair_from_different_pods(penalty: float | None, expected: float) -> None:
    """An uncovered seat is in no pair: the two others pay nothing for it."""
    pods = {"ae1": "red", "se1": "red", "se2": "blue", "cs1": "red"}
    problem = problem_of({"a": {"ae1": 9, "se1": -20, "se2": 7, "cs1": 5}}, pods)

    assert bound(problem, {"constraints": [{"kind": "same_team", "penalty": penalty}]}, []) == pytest.approx(expected)


FAMILY_PODS = {"ae1": "red", "ae2": "blue"}
PARENT, SON, GRANDSON = {"ae1": 9.0, "ae2": 5.0}, {"ae1": 1.0, "ae2": 4.0}, {"ae1": 6.0, "ae2": 2.0}


@pytest.mark.parametrize(
    ("penalties", "expected"),
    [
        ([0], 19),  # 9 + 4 + 6
        ([1], 17),  # 19 less the son and the grandson, who both differ
        ([2], 16),  # ae1 for all: 9 + 1 + 6
        ([1, 1], 16),  # the same from two rules
        ([1, None], 16),  # merged
    ],
)
def test_three_generations(penalties: list[float | None], expected: float) -> None:
    """The son alone would rather have ae2."""
    problem = problem_of({"a": PARENT, "b": SON, "c": GRANDSON}, FAMILY_PODS, {"b": "a", "c": "b"})
    constraints = [{"kind": "family", "penalty": penalty} for penalty in penalties]

    assert bound(problem, {"constraints": constraints}, []) == pytest.approx(expected)


def test_a_covered_child_differs_from_an_idle_parent() -> None:
    """The parent brings -5 with ae1: child alone 4 - 3, both 4 - 5, nobody 0."""
    problem = problem_of({"a": {"ae1": -5}, "b": {"ae1": 4}}, FAMILY_PODS, {"b": "a"})

    assert bound(problem, {"constraints": [{"kind": "family", "penalty": 3}]}, []) == pytest.approx(1)
    assert bound(problem, {"constraints": [{"kind": "family", "penalty": 9}]}, []) == pytest.approx(0)


def test_where_both_kinds_meet_the_team_counts_and_the_family_tie_is_dropped() -> None:
    """a and its child b each prefer two pods, so 13 each; b's account executive c is tied to a's, who is in a team."""
    problem = problem_of({"a": DUO, "b": {"ae2": 4.0}, "c": {"ae1": 2.0, "ae2": 7.0}}, TEAM, {"b": "a", "c": "b"})
    policy = {"constraints": [{"kind": "same_team"}, {"kind": "family", "penalty": 1}]}

    # a 13 from red; b 4, whose tie to a (1) is dropped; c 7, with b's rep
    assert bound(problem, policy, []) == pytest.approx(24)
    assert find_blocks(Judge(problem, policy).case) == [
        Team([0, 1], {(0, 1): float("inf")}),
        Tree([2, 3], [-1, 0], [0.0, 1.0]),
    ]


def test_a_team_of_more_than_five_roles_is_dropped() -> None:
    """Six roles, each with a rep of its own pod: 6 without the rule, 1 with it."""
    roles = [f"role{number}" for number in range(6)]
    problem = {
        "segments": [{"id": "default", "roles": [{"role": role} for role in roles]}],
        "reps": [{"id": role, "role": role, "pod": role} for role in roles],
        "accounts": [{"id": "a"}],
        "pairs": [{"account_id": "a", "rep_id": role, "value": 1} for role in roles],
    }
    policy = {"constraints": [{"kind": "same_team"}]}
    five = {**problem, "segments": [{"id": "default", "roles": [{"role": role} for role in roles[:5]]}]}

    assert bound(problem, policy, []) == pytest.approx(6)
    assert bound(five, policy, []) == pytest.approx(1)


def _with_parents(problem: Document, parents: list[int]) -> Document:
    """The same accounts in a random forest: account k is a child of an earlier one, or of none where it is k."""
    accounts = [
        {**account, "parent_id": None if parents[k] % (k + 1) == k else f"a{parents[k] % (k + 1)}"}
        for k, account in enumerate(problem["accounts"])
    ]
    return {**problem, "accounts": accounts}


FORESTS = st.tuples(problems(most=5), st.lists(st.integers(0, 11), min_size=4, max_size=4)).map(
    lambda drawn: _with_parents(*drawn)
)
SOFT = st.sampled_from([0.0, 40.0, 900.0])
SOFT_FAMILY = st.tuples(rules("family"), SOFT).map(lambda drawn: {**drawn[0], "penalty": drawn[1]})


@examples(150)
@given(FORESTS, st.one_of(policies(SOFT_FAMILY, rules("family")), policies(rules("same_team"), rules("same_team"))))
def test_without_prices_the_bound_is_the_best_of_all_assignments(problem: Document, policy: Document) -> None:
    """The closed forms are exact; with one kind of tie only no tie is dropped."""
    best = best_objective(Judge(problem, policy))

    if best is not None:
        assert bound(problem, policy, []) == pytest.approx(best, rel=1e-9, abs=1e-6)


@examples(60)
@given(FORESTS, policies(rules("same_team"), rules("same_team"), st.just({"kind": "family"})))
def test_teams_of_merged_families_are_exact_too(problem: Document, policy: Document) -> None:
    """Accounts of a merged family share their seats and add up their penalties."""
    best = best_objective(Judge(problem, policy))

    if best is not None:
        assert bound(problem, policy, []) == pytest.approx(best, rel=1e-9, abs=1e-6)


@examples(60)
@given(FORESTS, policies(rules("same_team"), SOFT_FAMILY, rules("capacity"), rules("must_cover")), st.data())
def test_where_both_kinds_meet_the_bound_is_still_a_bound(
    problem: Document, policy: Document, data: st.DataObject
) -> None:
    """No plan beats it, whatever the hours cost."""
    judge = Judge(problem, policy)
    best = best_objective(judge)
    capacity = next(rule for rule in judge.rules if rule.kind == "capacity")
    most = 500.0 if capacity.penalty is None else capacity.penalty
    prices = [
        {
            "constraint": capacity.id,
            "scope": row.scope,
            "upper": min(most, data.draw(st.sampled_from([0.0, 30.0, 500.0]))),
        }
        for row in capacity.rows
    ]

    assert best is None or bound(problem, policy, prices) >= best - 1e-6 - 1e-9 * abs(best)


@examples(40)
@given(st.lists(st.integers(-9, 20), min_size=16, max_size=16), st.sampled_from([None, 1.0, 3.0, 8.0]))
def test_four_roles_against_every_choice(values: list[int], penalty: float | None) -> None:
    """Four roles, four pods with one rep of each: 5 to the power of 4 choices."""
    roles, pods = ["ae", "se", "cs", "bd"], ["red", "blue", "green", "gray"]
    reps = [{"id": f"{role}-{pod}", "role": role, "pod": pod} for role in roles for pod in pods]
    problem = {
        "segments": [{"id": "default", "roles": [{"role": role} for role in roles]}],
        "reps": reps,
        "accounts": [{"id": "a"}],
        "pairs": [{"account_id": "a", "rep_id": rep["id"], "value": v} for rep, v in zip(reps, values, strict=True)],
    }
    worth = {rep["id"]: v for rep, v in zip(reps, values, strict=True)}
    best = float("-inf")
    for choice in itertools.product([None, *pods], repeat=4):
        gained = sum(worth[f"{role}-{pod}"] for role, pod in zip(roles, choice, strict=True) if pod)
        split = sum(one != other for one, other in itertools.combinations([pod for pod in choice if pod], 2))
        if penalty is not None or not split:
            best = max(best, gained - split * (penalty or 0.0))

    found = bound(problem, {"constraints": [{"kind": "same_team", "penalty": penalty}]}, [])

    assert found == pytest.approx(best, abs=1e-6)
