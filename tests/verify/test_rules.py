"""Each constraint kind, hard and soft: activity, bounds and violation of its rows worked out by hand."""

from typing import Any

import pytest

from coverplan.verify import Judge

Document = dict[str, Any]
Expected = dict[str, tuple[float, float | None, float | None, float]]

# Revenue a 10, b 20, c 30, d 40 (potential), e 0; hours 1, 2, 3, 4, 1.
# Ana and Bo report to m, Cy to n; Dee to nobody. Seats a, b belong to Ana today, c to Bo, d to someone who left.
PROBLEM: Document = {
    "territories": [
        {"id": "us", "revenue_target": 90},
        {"id": "west", "parent_id": "us", "revenue_target": 20},
        {"id": "east", "parent_id": "us"},
    ],
    "segments": [{"id": "big", "relationship_loss": 0.5, "self_serve_share": 0.2}],
    "reps": [
        {"id": "ana", "manager_id": "m", "capacity_hours": 6, "quota": 40, "territory_ids": ["west"]},
        {"id": "bo", "manager_id": "m", "capacity_hours": 2, "quota": 20},
        {"id": "cy", "manager_id": "n", "capacity_hours": 4},
        {"id": "dee"},
    ],
    "accounts": [
        {"id": "a", "hours": 1, "potential": 10, "current": [{"rep_id": "ana"}], "territory_id": "west"},
        {"id": "b", "hours": 2, "expected_revenue": 20, "current": [{"rep_id": "ana"}], "territory_id": "west"},
        {"id": "c", "hours": 3, "potential": 30, "current": [{"rep_id": "bo"}], "territory_id": "east"},
        {"id": "d", "hours": 4, "potential": 40, "current": [{"rep_id": "gone"}], "territory_id": "us"},
        {"id": "e"},
    ],
}
PROBLEM["accounts"][1] |= {"segment": "big", "industry": "health", "tags": ["x"]}
PROBLEM["accounts"][2] |= {"tags": ["x"], "industry": "health"}
PROBLEM["accounts"][3] |= {"industry": "retail"}
# a stays with Ana, b moves to Bo, c stays with Bo, d is forced to Cy, e is uncovered.
PLAN = {"a": "ana", "b": "bo", "c": "bo", "d": "cy"}
HALF = {"max_moved_share": 0.5}
TOP = {"accounts": {"top": 1}}
X = {"tags": ["x"]}

CASES: list[tuple[str, Document, Expected]] = [
    (
        "capacity",
        {"utilisation": 0.5, "reps": {"team": ["m", "n"]}},
        {
            "rep:ana": (1, None, 3, 0),
            "rep:bo": (5, None, 1, 4),  # 2 + 3 of 0.5 x 2
            "rep:cy": (4, None, 2, 2),
        },
    ),
    ("capacity", {"reps": {"ids": ["dee"]}}, {}),  # no capacity, no row
    (
        "account_count",
        {"min": 1, "max": 1},
        {"rep:ana": (1, 1, 1, 0), "rep:bo": (2, 1, 1, 1), "rep:cy": (1, 1, 1, 0), "rep:dee": (0, 1, 1, 1)},
    ),
    ("account_count", {"max": 1, "accounts": X, "reps": {"ids": ["bo"]}}, {"rep:bo": (2, None, 1, 1)}),
    (
        "revenue_band",
        {"min": 15, "max": 40, "reps": {"team": ["m"]}},
        {"rep:ana": (10, 15, 40, 5), "rep:bo": (50, 15, 40, 10)},
    ),
    (
        "revenue_band",
        {"min": 0.5, "max": 1, "relative_to": "quota"},  # Cy and Dee have none
        {"rep:ana": (10, 20, 40, 10), "rep:bo": (50, 10, 20, 30)},
    ),
    (
        # T = 100; Dee without capacity gets 1/4, the others 3/4 as 6 : 2 : 4, so 37.5, 12.5, 25
        "balance",
        {"tolerance": 0.2},
        {
            "rep:ana": (10, 30, 45, 20),
            "rep:bo": (50, 10, 15, 35),
            "rep:cy": (40, 20, 30, 10),
            "rep:dee": (0, 20, 30, 20),
        },
    ),
    (
        "balance",
        {"tolerance": 0.2, "per": "team"},  # Ana and Bo 50, Cy 25, Dee a team of her own
        {"team:m": (60, 40, 60, 0), "team:n": (40, 20, 30, 10), "rep:dee": (0, 20, 30, 20)},
    ),
    (
        "balance",
        {"measure": "accounts", "share": "equal", "tolerance": 0.5, "reps": {"team": ["m"]}},  # T = 5, 2.5 each
        {"rep:ana": (1, 1.25, 3.75, 0.25), "rep:bo": (2, 1.25, 3.75, 0)},
    ),
    (
        "balance",
        {"measure": "hours", "share": "quota", "tolerance": 0, "reps": {"team": ["m"]}},  # T = 11 as 40 : 20
        {"rep:ana": (1, 22 / 3, 22 / 3, 19 / 3), "rep:bo": (5, 11 / 3, 11 / 3, 4 / 3)},
    ),
    (
        "balance",
        {"measure": "potential", "share": "equal", "tolerance": 0, "reps": {"team": ["m"]}},  # T = 80
        {"rep:ana": (10, 40, 40, 30), "rep:bo": (30, 40, 40, 10)},
    ),
    (
        # West: a 10 and b 20; in scope Ana (west), Bo, Cy, Dee (everywhere). East: c 30; Ana is out of scope.
        "balance",
        {"within": ["west", "east"], "share": "equal", "tolerance": 0},
        {
            "rep:ana/territory:west": (10, 7.5, 7.5, 2.5),
            "rep:bo/territory:west": (20, 7.5, 7.5, 12.5),
            "rep:cy/territory:west": (0, 7.5, 7.5, 7.5),
            "rep:dee/territory:west": (0, 7.5, 7.5, 7.5),
            "rep:bo/territory:east": (30, 10, 10, 20),
            "rep:cy/territory:east": (0, 10, 10, 10),
            "rep:dee/territory:east": (0, 10, 10, 10),
        },
    ),
    (
        # Ana is in scope of `us` by what lies below it. b is worth 20 to Ana, 20 - 10 to others; 10 + 20 + 30 + 40.
        "balance",
        {"within": ["us"], "measure": "expected_revenue", "share": "equal", "tolerance": 0, "reps": {"team": ["m"]}},
        {"rep:ana": (10, 50, 50, 40), "rep:bo": (40, 50, 50, 10)},
    ),
    ("keep_current", {"max_moved": 0}, {"company": (2, 3, None, 1)}),  # d cannot stay and does not count
    ("keep_current", HALF, {"company": (2, 1.5, None, 0)}),
    ("keep_current", {"max_moved_revenue_share": 0.1}, {"company": (40, 54, None, 14)}),  # 0.9 x 60; a and c stay
    (
        "keep_current",
        {"max_moved_share": 0.25, "per": "rep", "reps": {"team": ["m"]}},
        {"rep:ana": (1, 1.5, None, 0.5), "rep:bo": (1, 0.75, None, 0)},
    ),
    (
        "keep_current",
        {"max_moved": 0, "per": "segment"},
        {"segment:default": (2, 2, None, 0), "segment:big": (0, 1, None, 1)},
    ),
    ("keep_current", {"max_gained": 0}, {"company": (1, None, 0, 1)}),  # b; d is forced
    (
        "keep_current",
        {"max_gained": 0, "per": "rep", "reps": {"ids": ["bo", "cy"]}},
        {"rep:bo": (1, None, 0, 1), "rep:cy": (0, None, 0, 0)},
    ),
    (
        "keep_current",
        {"max_moved": 0, "max_gained": 3, "accounts": X},
        {"company/max_moved": (1, 2, None, 1), "company/max_gained": (1, None, 3, 0)},
    ),
    ("protect", {"accounts": {}}, {"company": (2, 3, None, 1)}),
    ("protect", {"accounts": {"ids": ["a", "d"]}}, {"company": (1, 1, None, 0)}),
    # a 10, b 20 - 10 lost, c 30, d 40, e uncovered without revenue
    ("revenue_target", {"target": 95}, {"company": (90, 95, None, 5)}),
    (
        "revenue_target",
        {"per": "territory"},  # east has no target
        {"territory:us": (90, 90, None, 0), "territory:west": (20, 20, None, 0)},
    ),
    ("revenue_target", {"per": "territory", "target": 25, "ids": ["west"]}, {"territory:west": (20, 25, None, 5)}),
    (
        "revenue_target",
        {"per": "team"},  # quotas 40 + 20; Cy and Dee have none
        {"team:m": (50, 60, None, 10), "team:n": (40, 0, None, 0), "rep:dee": (0, 0, None, 0)},
    ),
    ("revenue_target", {"per": "team", "target": 45, "ids": ["n"]}, {"team:n": (40, 45, None, 5)}),
    ("goal", {"measure": "accounts", "min": 3, "accounts": X}, {"company": (2, 3, None, 1)}),
    ("goal", {"measure": "revenue", "max": 45, "reps": {"team": ["m"]}}, {"company": (60, None, 45, 15)}),
    ("goal", {"measure": "hours", "min": 10, "max": 11}, {"company": (10, 10, 11, 0)}),
    ("goal", {"measure": "potential", "min": 90}, {"company": (80, 90, None, 10)}),
    ("goal", {"measure": "expected_revenue", "min": 50, "reps": {"ids": ["bo"]}}, {"company": (40, 50, None, 10)}),
    (
        "book_mix",
        {"accounts": TOP["accounts"], "min_count": 1, "reps": {"ids": ["bo", "cy"]}},  # d is the top account
        {"rep:bo": (0, 1, None, 1), "rep:cy": (1, 1, None, 0)},
    ),
    (
        "book_mix",
        {"accounts": X, "min_share": 0.25, "max_share": 0.75, "max_count": 3, "reps": {"team": ["m"]}},
        {
            "rep:ana/min_share": (-0.25, 0, None, 0.25),  # 0 - 0.25 x 1
            "rep:bo/min_share": (1.5, 0, None, 0),  # 2 - 0.25 x 2
            "rep:ana/max_share": (-0.75, None, 0, 0),
            "rep:bo/max_share": (0.5, None, 0, 0.5),  # 2 - 0.75 x 2
            "rep:ana/count": (0, None, 3, 0),
            "rep:bo/count": (2, None, 3, 0),
        },
    ),
    (
        "exclusive",
        {"groups": [{"id": "rivals", "accounts": X}]},
        {
            "rivals/rep:ana": (0, None, 1, 0),
            "rivals/rep:bo": (2, None, 1, 1),
            "rivals/rep:cy": (0, None, 1, 0),
            "rivals/rep:dee": (0, None, 1, 0),
        },
    ),
    ("must_cover", {}, {"company": (4, 5, None, 1)}),
    ("must_cover", {"accounts": X}, {"company": (2, 2, None, 0)}),
    ("coverage", {"min_share": 1}, {"company": (4, 5, None, 1)}),
    ("coverage", {"min_share": 0.5, "measure": "revenue"}, {"company": (100, 50, None, 0)}),
    (
        "coverage",
        {"min_share": 1, "per": "segment"},
        {"segment:default": (3, 4, None, 1), "segment:big": (1, 1, None, 0)},
    ),
    (
        "coverage",
        {"min_share": 0.5, "per": "territory", "ids": ["us", "east"]},
        {"territory:us": (4, 2, None, 0), "territory:east": (1, 0.5, None, 0)},
    ),
    (
        "spread",
        {"max": 1, "reps": {"team": ["m"]}},
        {"rep:ana": (1, None, 1, 0), "rep:bo": (2, None, 1, 1)},  # west and east
    ),
    (
        "spread",
        {"max": 0, "by": "industry", "accounts": X},
        {"rep:ana": (0, None, 0, 0), "rep:bo": (1, None, 0, 1), "rep:cy": (0, None, 0, 0), "rep:dee": (0, None, 0, 0)},
    ),
]


def assigned(plan: dict[str, str]) -> list[Document]:
    """Assignments of the first roles."""
    return [{"account_id": account, "rep_id": rep} for account, rep in plan.items()]


@pytest.mark.parametrize(("kind", "fields", "expected"), CASES, ids=[f"{k}-{i}" for i, (k, _, _) in enumerate(CASES)])
@pytest.mark.parametrize("penalty", [None, 3.0])
def test_rows(kind: str, fields: Document, expected: Expected, penalty: float | None) -> None:
    """A hard rule forbids what a soft one charges for."""
    policy = {"constraints": [{"kind": kind, "penalty": penalty, **fields}]}

    found = Judge(PROBLEM, policy).evaluate(assigned(PLAN))

    rows = {scope: state for (rule, scope), state in found.rows.items() if rule == kind}
    assert rows.keys() == expected.keys()
    for scope, (activity, lower, upper, violation) in expected.items():
        state = rows[scope]
        assert state.activity == pytest.approx(activity), scope
        assert (state.row.lower is None, state.row.upper is None) == (lower is None, upper is None), scope
        assert (state.row.lower or 0) == pytest.approx(lower or 0), scope
        assert (state.row.upper or 0) == pytest.approx(upper or 0), scope
        assert state.violation == pytest.approx(violation), scope
        assert state.penalty == pytest.approx((penalty or 0) * violation), scope
    total = sum(violation for _, _, _, violation in expected.values())
    if penalty is None:
        assert [failure.code for failure in found.hard_violations] == ["hard_row_violated"] * sum(
            violation > 0 for _, _, _, violation in expected.values()
        )
        assert found.objective == pytest.approx(90)  # 10 + 20 + 30 + 40, less 0.5 x 20 for b
    else:
        assert found.feasible
        assert found.terms["penalty", kind] == pytest.approx(-penalty * total)
        assert found.objective == pytest.approx(90 - penalty * total)


def test_self_served_revenue_counts_towards_a_target_of_company_and_territory_but_not_of_a_team() -> None:
    """b is uncovered: 0.2 x 20 = 4 come in by themselves."""
    plan = {"a": "ana"}
    for fields, activity in (({"target": 1}, 14.0), ({"per": "territory", "ids": ["west"]}, 14.0)):
        policy = {"constraints": [{"kind": "revenue_target", **fields}]}
        (state,) = Judge(PROBLEM, policy).evaluate(assigned(plan)).rows.values()
        assert state.activity == pytest.approx(activity)
    policy = {"constraints": [{"kind": "revenue_target", "per": "team", "target": 1, "ids": ["m"]}]}
    (state,) = Judge(PROBLEM, policy).evaluate(assigned(plan)).rows.values()
    assert state.activity == pytest.approx(10)


ROLES: Document = {
    "segments": [{"id": "s", "roles": [{"revenue_share": 0.75}, {"role": "se", "revenue_share": 0.25}]}],
    "reps": [
        {"id": "ana", "manager_id": "m", "capacity_hours": 3},
        {"id": "bo", "manager_id": "n", "pod": "m", "capacity_hours": 1},
        {"id": "eve", "role": "se", "manager_id": "m"},
        {"id": "fay", "role": "se", "manager_id": "n"},
        {"id": "gus", "role": "se"},
    ],
    "accounts": [
        {"id": "p", "segment": "s", "potential": 100},
        {"id": "q", "segment": "s", "potential": 20, "parent_id": "p"},
        {"id": "z", "potential": 4, "parent_id": "q"},
    ],
}


def seats(text: str) -> list[Document]:
    """`p:ana+eve q:bo` reads: p with Ana and Eve, q with Bo and no engineer."""
    found = []
    for part in text.split():
        account, _, reps = part.partition(":")
        for role, rep in zip(("account_executive", "se"), reps.split("+"), strict=False):
            found += [{"account_id": account, "role": role, "rep_id": rep}] if rep else []
    return found


@pytest.mark.parametrize(
    ("plan", "violations"),
    [
        ("p:ana+eve q:bo+eve", 0),  # pods m; Bo's pod is named m
        ("p:ana+fay q:bo+gus", 2),  # pods m and n; m and Gus's own
        ("p:ana q:+fay", 0),  # one of the two is uncovered
    ],
)
@pytest.mark.parametrize("penalty", [None, 7])
def test_same_team(plan: str, violations: int, penalty: float | None) -> None:
    """One violation per account whose two roles sit in different pods."""
    policy = {"constraints": [{"kind": "same_team", "penalty": penalty}]}

    found = Judge(ROLES, policy).evaluate(seats(plan))

    assert found.rows["same_team", "company"].activity == violations
    assert found.feasible == (penalty is not None or violations == 0)
    if penalty:
        assert found.terms["penalty", "same_team"] == -7 * violations


@pytest.mark.parametrize(
    ("plan", "differing"),
    [
        ("p:ana+eve q:ana+eve z:ana", 0),
        ("p:ana+eve q:bo+eve z:ana", 2),  # q is not with p's rep, z not with q's
        ("p:ana+eve", 0),  # the children are uncovered
        ("q:ana z:ana", 1),  # q is covered, its parent is not
    ],
)
def test_soft_family(plan: str, differing: int) -> None:
    """Per link and role that both have: the child is covered by another rep than its parent."""
    policy = {"constraints": [{"kind": "family", "penalty": 2}]}

    found = Judge(ROLES, policy).evaluate(seats(plan))

    assert found.rows["family", "company"].activity == differing
    assert found.terms["penalty", "family"] == -2 * differing
    assert found.feasible


def test_hard_family_ties_each_role_of_the_linked_accounts() -> None:
    """p, q and z share an account executive; p and q an engineer; filtered accounts are left out."""
    policy = {"constraints": [{"kind": "family"}]}
    judge = Judge(ROLES, policy)

    assert [len(block) for block in judge.case.units] == [3, 2]
    assert judge.evaluate(seats("p:ana+eve q:ana+eve z:ana")).feasible
    assert judge.evaluate(seats("p:+eve q:+eve")).feasible
    assert not judge.evaluate(seats("p:ana+eve q:ana+fay z:ana")).feasible
    assert not judge.evaluate(seats("p:ana q:ana")).feasible
    assert (
        Judge(ROLES, {"constraints": [{"kind": "family", "accounts": {"ids": ["p", "z"]}}]})
        .evaluate(seats("p:ana q:bo"))
        .feasible
    )


def test_family_within_a_territory_ignores_links_that_cross() -> None:
    """Mother in the west, child in the east."""
    problem = {
        "territories": [{"id": "west"}, {"id": "east"}],
        "accounts": [{"id": "m", "territory_id": "west"}, {"id": "c", "territory_id": "east", "parent_id": "m"}],
        "reps": [{"id": "r"}],
    }
    split = [{"account_id": "m", "rep_id": "r"}]

    assert Judge(problem, {"constraints": [{"kind": "family", "within": "territory"}]}).evaluate(split).feasible
    assert not Judge(problem, {"constraints": [{"kind": "family"}]}).evaluate(split).feasible


def test_balance_takes_each_role_among_its_own_reps() -> None:
    """Executives 3 : 1 of 124, engineers a third of 120 each; per team the scopes repeat and name the role."""
    spec = {"kind": "balance", "tolerance": 0}
    plan = seats("p:ana+eve q:bo+eve z:bo")

    per_rep = Judge(ROLES, {"constraints": [spec]}).evaluate(plan).rows
    per_team = Judge(ROLES, {"constraints": [{**spec, "per": "team"}]}).evaluate(plan).rows

    assert {scope: (state.activity, state.row.lower) for (_, scope), state in per_rep.items()} == {
        "rep:ana": (100, 93),
        "rep:bo": (24, 31),
        "rep:eve": (120, pytest.approx(40)),
        "rep:fay": (0, pytest.approx(40)),
        "rep:gus": (0, pytest.approx(40)),
    }
    assert {scope: state.activity for (_, scope), state in per_team.items()} == {
        "team:m/account_executive": 100,
        "team:n/account_executive": 24,
        "team:m/se": 120,
        "team:n/se": 0,
        "rep:gus/se": 0,
    }


@pytest.mark.parametrize(
    ("fields", "activity"),
    [
        ({"measure": "revenue"}, 124),  # primary seats
        ({"measure": "accounts"}, 3),
        ({"measure": "hours"}, 5),  # all seats
        ({"measure": "expected_revenue"}, 124),  # 75 + 15 + 4 and 25 + 5
        ({"measure": "revenue", "role": "se"}, 120),
        ({"measure": "accounts", "role": "se"}, 2),
        ({"measure": "expected_revenue", "role": "se"}, 30),
    ],
)
def test_a_goal_counts_an_account_once(fields: Document, activity: float) -> None:
    """Primary seats for what belongs to the account, all seats for what belongs to the seat."""
    policy = {"constraints": [{"kind": "goal", "min": 0, **fields}]}

    found = Judge(ROLES, policy).evaluate(seats("p:ana+eve q:bo+eve z:bo"))

    assert found.rows["goal", "company"].activity == pytest.approx(activity)


def test_ids_count_by_kind_and_defaults_fill_in() -> None:
    """The second rule of a kind is `kind-2`; no list means capacity, soft balance and few moves; an empty list none."""
    problem = {"accounts": [{"id": "a"}], "reps": [{"id": "r", "capacity_hours": 1}]}
    rules = [{"kind": "capacity"}, {"kind": "capacity", "id": "mine"}, {"kind": "capacity"}, {"kind": "must_cover"}]

    def ids(policy: Document) -> list[tuple[str, float | None]]:
        return [(rule.id, rule.penalty) for rule in Judge(problem, policy).rules]

    assert ids({"constraints": rules}) == [
        ("capacity", None),
        ("mine", None),
        ("capacity-3", None),
        ("must_cover", None),
    ]
    defaults = [("capacity", None), ("balance", 0.2), ("keep_current", 10.0)]
    assert ids({}) == ids({"constraints": None}) == defaults
    assert ids({"constraints": []}) == []


def test_unknown_and_repeated_seats_are_failures() -> None:
    """They count for nothing else."""
    entries = assigned({"a": "ana", "nope": "ana", "b": "nobody"}) + assigned({"a": "bo"})

    found = Judge(PROBLEM, {"constraints": []}).evaluate(entries)

    assert [failure.code for failure in found.hard_violations] == ["unknown_seat", "unknown_rep", "seat_repeated"]
    # a 10 with Ana; b, uncovered, 0.2 x 20
    assert found.objective == pytest.approx(14)
