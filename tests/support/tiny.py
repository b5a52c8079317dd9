"""Tiny random problems: small enough to try every assignment, rich enough to meet every rule of the value model."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]
TERRITORIES = [{"id": "land"}, {"id": "north", "parent_id": "land"}, {"id": "south", "parent_id": "land"}]
MANAGERS = [{"id": "m1"}, {"id": "m2"}]
ROLES = [
    {"role": "account_executive", "hours": 4, "revenue_share": 0.75},
    {"role": "sales_engineer", "hours": 2, "revenue_share": 0.25, "relationship_weight": 0.5},
]
DATES: list[Document] = [
    {},
    {"start_date": "2025-03-01"},
    {"start_date": "2027-04-16", "end_date": "2027-09-30"},
    {"start_date": "2027-04-16"},
    {"end_date": "2026-12-31"},
    {"end_date": "2027-06-30"},
]
MONEY = st.integers(0, 20).map(lambda amount: amount * 500.0)
SMALL = st.integers(1, 6).map(float)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value or null."""
    return st.one_of(st.none(), values)


@st.composite
def segments(draw: st.DrawFn) -> list[Document]:
    """One segment with one role, and sometimes one with two."""
    plain: Document = {
        "id": "plain",
        "roles": [{"role": "account_executive", "hours": draw(SMALL)}],
        "conversion": draw(st.sampled_from([0.5, 1.0])),
        "cycle_days": draw(st.sampled_from([0, 90])),
        "self_serve_share": draw(st.sampled_from([0.0, 0.4])),
        "relationship_loss": draw(maybe(st.just(0.3))),
    }
    shared = {"id": "shared", "roles": ROLES, "self_serve_share": draw(st.sampled_from([0.0, 0.2]))}
    return [plain, shared]


@st.composite
def reps(draw: st.DrawFn, engineers: bool) -> list[Document]:
    """Two or three account executives, and one or two sales engineers where they are needed."""
    roles = ["account_executive"] * draw(st.integers(2, 3)) + ["sales_engineer"] * (draw(st.integers(1, 2)) * engineers)
    return [
        {
            "id": f"r{place}",
            "role": role,
            "manager_id": draw(maybe(st.sampled_from(["m1", "m2"]))),
            "pod": draw(maybe(st.sampled_from(["red", "blue"]))),
            "territory_ids": draw(st.sampled_from([[], ["land"], ["north"], ["south"]])),
            "status": draw(st.sampled_from(["active", "active", "hired"])),
            **draw(st.sampled_from(DATES)),
            "ramp": draw(maybe(st.just([0.0, 0.5]))),
            "capacity_hours": draw(maybe(st.integers(3, 12).map(float))),
            "quota": draw(maybe(MONEY)),
        }
        for place, role in enumerate(roles)
    ]


@st.composite
def account(draw: st.DrawFn, place: int, staff: list[Document], two_roles: bool) -> Document:
    """One account, covered today by somebody, by nobody, or by a rep who left."""
    segment = "shared" if two_roles else "plain"
    current = []
    for role in ["account_executive"] + ["sales_engineer"] * two_roles:
        holder = draw(st.sampled_from([None, "gone", *(rep["id"] for rep in staff if rep["role"] == role)]))
        if holder is not None:
            current.append({"role": role, "rep_id": holder, "since": draw(maybe(st.just("2026-08-01")))})
    return {
        "id": f"a{place}",
        "parent_id": "a0" if place and draw(st.booleans()) else None,
        "territory_id": draw(st.sampled_from([None, "land", "north", "south"])),
        "segment": segment,
        "industry": draw(maybe(st.sampled_from(["health", "food"]))),
        "kind": draw(st.sampled_from(["customer", "customer", "prospect"])),
        "revenue_history": draw(st.lists(MONEY, max_size=4)),
        "expected_revenue": draw(st.sampled_from([None, None, 3000.0])),
        "potential": draw(MONEY),
        "hours": draw(maybe(SMALL)),
        "current": current,
        "relationship_strength": draw(st.sampled_from([0.5, 1.0])),
        "open_opportunity": draw(st.booleans()),
        "locked": draw(st.sampled_from([False, False, False, True])),
        "tags": draw(st.sampled_from([[], ["launch"]])),
    }


@st.composite
def problems(draw: st.DrawFn, most: int = 4) -> Document:
    """A whole problem of at most `most` seats; accounts a1... may be children of a0."""
    engineers = draw(st.booleans())
    staff = draw(reps(engineers))
    seats = 0
    accounts: list[Document] = []
    while seats < most and len(accounts) < 4:
        two_roles = engineers and seats + 2 <= most and draw(st.booleans())
        accounts.append(draw(account(len(accounts), staff, two_roles)))
        seats += 1 + two_roles
    fit = [{"rep_id": "r0", "industry": "health", "multiplier": 1.2}] * draw(st.integers(0, 1))
    return {
        "horizon": {"start": "2027-01-01", "months": 12},
        "segments": draw(segments()),
        "territories": TERRITORIES,
        "managers": MANAGERS,
        "reps": staff,
        "accounts": accounts,
        "fit": fit,
        "pairs": draw(explicit(len(accounts))),
    }


@st.composite
def explicit(draw: st.DrawFn, n_accounts: int) -> list[Document]:
    """Sometimes the caller's own numbers for a pair."""
    if not draw(st.sampled_from([False, False, True])):
        return []
    return [
        {
            "account_id": f"a{draw(st.integers(0, n_accounts - 1))}",
            "rep_id": draw(st.sampled_from(["r0", "r1"])),
            "value": draw(maybe(st.integers(-4, 8).map(lambda amount: amount * 500.0))),
            "hours": draw(maybe(SMALL)),
            "eligible": draw(maybe(st.booleans())),
        }
    ]
