"""The bound that prices prove: by hand, and against every assignment of tiny problems."""

import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coverplan.verify import Judge, bound
from coverplan.verify.bound import recompute_bound
from coverplan.verify.rows import LinearRule

Document = dict[str, Any]

PROBLEM: Document = {
    "segments": [{"id": "default", "self_serve_share": 0.5}],
    "reps": [{"id": "ana", "capacity_hours": 1}, {"id": "bo", "capacity_hours": 2}],
    "accounts": [
        {"id": "a", "expected_revenue": 100, "current": [{"rep_id": "ana"}]},
        {"id": "b", "expected_revenue": 40, "potential": 20},
    ],
}
CAPACITY: Document = {"kind": "capacity"}


def price(constraint: str, scope: str, upper: float = 0.0, lower: float = 0.0) -> Document:
    """One entry of a certificate."""
    return {"constraint": constraint, "scope": scope, "upper": upper, "lower": lower}


ANA, BO = price("capacity", "rep:ana", 30), price("capacity", "rep:bo", 50)


@pytest.mark.parametrize(
    ("constraints", "prices", "expected"),
    [
        ([CAPACITY], [], 160),  # a with Ana 100, b 60
        ([CAPACITY], [ANA], 175),  # a: Bo 100 - 15 = 85 beats 100 - 30; b: Bo 60; Ana's hour: 30
        ([CAPACITY], [ANA, BO], 230),  # a: Ana 70; b: Ana 60 - 30 = 30 over 60 - 50 and 20; hours 30 + 2 x 50
        ([CAPACITY], [price("capacity", "rep:ana", 80), BO], 250),  # a: 20, 35, 50 uncovered; b 20; 80 + 100
        # Every rep's load of 0 or 1 at least 1: a and b gain 10 with either, and the two rows cost 10 each.
        (
            [{"kind": "account_count", "min": 1}],
            [price("account_count", "rep:ana", lower=10), price("account_count", "rep:bo", lower=10)],
            160,  # 110 + 70 - 20
        ),
        # The covered pay 0, the uncovered 0.5 x 40 and 0.5 x 100 count, at price 2: a: Ana 100 + 200; b: 60 + 120
        (
            [{"kind": "revenue_target", "target": 100}],
            [price("revenue_target", "company", lower=2)],
            280,  # 300 + 180 - 200
        ),
        ([{"kind": "protect", "accounts": {}}], [], 160),  # a stays; 100 + 60
        ([{"kind": "protect", "accounts": {}}, CAPACITY], [price("capacity", "rep:ana", 90)], 160),  # 10 + 60 + 90
        (
            [{"kind": "protect", "accounts": {}, "penalty": 5}, CAPACITY],
            [price("capacity", "rep:ana", 90)],
            230,  # a: 10 with Ana, 85 - 5 with Bo, 50 - 5 without; b: 60; 90
        ),
        (
            [{"kind": "must_cover"}, CAPACITY],
            [price("capacity", "rep:ana", 90), price("capacity", "rep:bo", 90)],
            250,  # a: 10 with Ana, -5 with Bo; b: -30; 90 + 180
        ),
        (
            [{"kind": "must_cover", "penalty": 30}, CAPACITY],
            [price("capacity", "rep:ana", 90), price("capacity", "rep:bo", 90)],
            280,  # a: 50 - 30 = 20; b: 20 - 30 = -10; 90 + 180
        ),
        ([{"kind": "same_team", "penalty": 1}, {"kind": "spread", "max": 0}], [], 160),  # dropped: still a bound
    ],
)
def test_bound_by_hand(constraints: list[Document], prices: list[Document], expected: float) -> None:
    """The best choice of each seat at the prices, plus the prices of the bounds."""
    assert bound(PROBLEM, {"constraints": constraints}, prices) == pytest.approx(expected, rel=1e-10)


def test_a_locked_seat_has_one_choice() -> None:
    """a is locked to Ana at 100 - 90 = 10; b 60 with Bo; Ana's hour 90."""
    accounts = [{**PROBLEM["accounts"][0], "locked": True}, PROBLEM["accounts"][1]]

    found = bound({**PROBLEM, "accounts": accounts}, {"constraints": [CAPACITY]}, [price("capacity", "rep:ana", 90)])

    assert found == pytest.approx(160)


def test_a_family_chooses_together() -> None:
    """a and its child b: Ana 160 - 2 x 30 = 100, Bo 145, none 70; Ana's hour 30."""
    accounts = [PROBLEM["accounts"][0], {**PROBLEM["accounts"][1], "parent_id": "a"}]
    policy = {"constraints": [{"kind": "family"}, CAPACITY]}

    assert bound({**PROBLEM, "accounts": accounts}, policy, [ANA]) == pytest.approx(175)


def test_where_a_family_has_no_choice_there_is_no_plan() -> None:
    """a is locked to Ana, its child b to Bo."""
    accounts = [
        {"id": "a", "locked": True, "current": [{"rep_id": "ana"}]},
        {"id": "b", "locked": True, "current": [{"rep_id": "bo"}], "parent_id": "a"},
        {"id": "c", "potential": 5},
    ]

    assert bound({**PROBLEM, "accounts": accounts}, {"constraints": [{"kind": "family"}]}, []) == float("-inf")


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (price("capacity", "rep:zoe", 1), "price_unknown_row"),
        (price("must_cover", "company", 1), "price_unknown_row"),  # counted, not summed: it has no price
        (price("capacity", "rep:ana", lower=1), "price_without_bound"),
        (price("capacity", "rep:ana", -1), "price_not_valid"),
        (price("capacity", "rep:ana", float("nan")), "price_not_valid"),
        (price("account_count", "rep:ana", 2.1), "price_above_penalty"),
    ],
)
def test_prices_that_prove_nothing_are_reported_and_left_out(entry: Document, code: str) -> None:
    """What remains is still a bound on the best plan: a with Ana and b with Bo, 160."""
    rules = [CAPACITY, {"kind": "must_cover"}, {"kind": "account_count", "max": 1, "penalty": 2}]

    found = recompute_bound(Judge(PROBLEM, {"constraints": rules}), [entry])

    assert [failure.code for failure in found.failures] == [code]
    assert found.value >= 160


AMOUNTS = st.sampled_from([0, 1, 5, 20, 50])
FEW = st.sampled_from([0, 1, 2])
REP_IDS = ["r0", "r1", "r2"]
RULES: list[Document] = [
    {"kind": "capacity"},
    {"kind": "account_count", "min": 1, "max": 1},
    {"kind": "revenue_band", "min": 10, "max": 40},
    {"kind": "balance", "tolerance": 0.1},
    {"kind": "balance", "measure": "expected_revenue", "per": "team", "share": "equal"},
    {"kind": "balance", "measure": "hours", "within": ["t", "u"]},
    {"kind": "keep_current", "max_moved": 1, "max_gained": 1},
    {"kind": "keep_current", "max_moved_revenue_share": 0.2, "per": "rep"},
    {"kind": "protect", "accounts": {"top": 1}},
    {"kind": "revenue_target", "target": 60},
    {"kind": "revenue_target", "target": 30, "per": "territory"},
    {"kind": "goal", "measure": "expected_revenue", "min": 20, "max": 60, "reps": {"ids": ["r0"]}},
    {"kind": "book_mix", "accounts": {"tags": ["x"]}, "min_share": 0.2, "max_share": 0.6, "max_count": 1},
    {"kind": "family"},
    {"kind": "exclusive", "groups": [{"id": "g", "accounts": {"tags": ["x"]}}]},
    {"kind": "same_team"},
    {"kind": "must_cover", "accounts": {"tags": ["x"]}},
    {"kind": "coverage", "min_share": 0.6, "measure": "revenue", "per": "territory"},
    {"kind": "spread", "max": 1},
]


@st.composite
def problems(draw: st.DrawFn) -> Document:
    """Up to four accounts, three reps, two territories and two roles."""
    reps = [
        {
            "id": rep,
            "role": draw(st.sampled_from(["account_executive"] * 3 + ["se"])),
            "manager_id": draw(st.sampled_from([None, "m"])),
            "territory_ids": draw(st.sampled_from([[], ["t"], ["u"]])),
            "capacity_hours": draw(st.sampled_from([None, 1, 2, 4])),
            "end_date": draw(st.sampled_from([None, None, "2027-06-30"])),
        }
        for rep in REP_IDS[: draw(st.integers(1, 3))]
    ]
    accounts: list[Document] = []
    for number in range(draw(st.integers(1, 4))):
        holder = draw(st.sampled_from([None, *REP_IDS]))
        accounts.append(
            {
                "id": f"a{number}",
                "segment": draw(st.sampled_from(["default", "two"])),
                "parent_id": f"a{number - 1}" if number and draw(st.booleans()) else None,
                "territory_id": draw(st.sampled_from([None, "t", "u"])),
                "expected_revenue": draw(AMOUNTS),
                "potential": draw(AMOUNTS),
                "hours": draw(FEW),
                "current": [] if holder is None else [{"rep_id": holder}],
                "locked": draw(st.sampled_from([False, False, False, True])),
                "tags": draw(st.sampled_from([[], ["x"]])),
            }
        )
    roles = [{"revenue_share": 0.7}, {"role": "se", "revenue_share": 0.3}]
    return {
        "territories": [{"id": "t"}, {"id": "u", "parent_id": "t"}],
        "segments": [{"id": "two", "roles": roles, "self_serve_share": 0.3}],
        "reps": reps,
        "accounts": accounts,
    }


def best_objective(judge: Judge) -> float | None:
    """The best of all assignments that break no hard rule."""
    book = judge.case.book
    choices = [[-1, *(rep.index for rep in book.reps if rep.role == seat.role.name)] for seat in book.seats]
    found = (judge.evaluate_cover(list(cover)) for cover in itertools.product(*choices))
    return max((evaluation.objective for evaluation in found if evaluation.feasible), default=None)


@settings(deadline=None)
@given(problem=problems(), data=st.data())
def test_no_plan_beats_the_bound_of_any_prices(problem: Document, data: st.DataObject) -> None:
    """L(y) >= the best feasible objective, whatever the prices."""
    rules = data.draw(st.lists(st.sampled_from(RULES), max_size=3))
    policy = {"constraints": [{**rule, "penalty": data.draw(st.sampled_from([None, 0.5, 8]))} for rule in rules]}
    judge = Judge(problem, policy)
    assume(len(judge.case.book.seats) <= 5)
    prices = [
        price(
            rule.id,
            row.scope,
            0.0 if row.upper is None else min(data.draw(AMOUNTS), 50 if rule.penalty is None else rule.penalty),
            0.0 if row.lower is None else min(data.draw(AMOUNTS), 50 if rule.penalty is None else rule.penalty),
        )
        for rule in judge.rules
        if isinstance(rule, LinearRule)
        for row in rule.rows
    ]

    found, best = recompute_bound(judge, prices), best_objective(judge)

    assert found.failures == []
    assert best is None or found.value >= best - 1e-9 * (1 + found.magnitude)
