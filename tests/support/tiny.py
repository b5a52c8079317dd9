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
    {"start_date": "2027-01-01"},
    {"start_date": "2028-01-01"},
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


# What is drawn again and again is made once: making a strategy takes as long as drawing from it.
FLAG = st.booleans()
ONE_OR_TWO, TWO_OR_THREE, NONE_OR_ONE = st.integers(1, 2), st.integers(2, 3), st.integers(0, 1)
MAYBE_SMALL, MAYBE_MONEY = maybe(SMALL), maybe(MONEY)
CONVERSION, CYCLE_DAYS = st.sampled_from([0.5, 1.0]), st.sampled_from([0, 90])
SELF_SERVE, SHARED_SELF_SERVE = st.sampled_from([0.0, 0.4]), st.sampled_from([0.0, 0.2])
LOSS = maybe(st.just(0.3))
MANAGER, POD = maybe(st.sampled_from(["m1", "m2"])), maybe(st.sampled_from(["red", "blue"]))
PATCH = st.sampled_from([[], ["land"], ["north"], ["south"]])
STATUS, EMPLOYED = st.sampled_from(["active", "active", "hired"]), st.sampled_from(DATES)
RAMP, CAPACITY = maybe(st.just([0.0, 0.5])), maybe(st.integers(3, 12).map(float))
SINCE = maybe(st.just("2026-08-01"))
TERRITORY = st.sampled_from([None, "land", "north", "south"])
INDUSTRY, KIND = maybe(st.sampled_from(["health", "food"])), st.sampled_from(["customer", "customer", "prospect"])
LAST_YEAR = st.sampled_from([12.0, 12.0, 3.0, 7.5])
HISTORY, EXPECTED = st.lists(MONEY, max_size=4), st.sampled_from([None, None, 3000.0])
STRENGTH, TAGS = st.sampled_from([0.5, 1.0]), st.sampled_from([[], ["launch"]])
LOCKED, RARELY = st.sampled_from([False, False, False, True]), st.sampled_from([False, False, True])
PAIR_REP, PAIR_VALUE = st.sampled_from(["r0", "r1"]), maybe(st.integers(-4, 8).map(lambda amount: amount * 500.0))
MAYBE_FLAG = maybe(FLAG)


@st.composite
def segments(draw: st.DrawFn) -> list[Document]:
    """One segment with one role, and sometimes one with two."""
    plain: Document = {
        "id": "plain",
        "roles": [{"role": "account_executive", "hours": draw(SMALL)}],
        "conversion": draw(CONVERSION),
        "cycle_days": draw(CYCLE_DAYS),
        "self_serve_share": draw(SELF_SERVE),
        "relationship_loss": draw(LOSS),
    }
    shared = {"id": "shared", "roles": ROLES, "self_serve_share": draw(SHARED_SELF_SERVE)}
    return [plain, shared]


@st.composite
def reps(draw: st.DrawFn, engineers: bool) -> list[Document]:
    """Two or three account executives, and one or two sales engineers where they are needed."""
    roles = ["account_executive"] * draw(TWO_OR_THREE) + ["sales_engineer"] * (draw(ONE_OR_TWO) * engineers)
    return [
        {
            "id": f"r{place}",
            "role": role,
            "manager_id": draw(MANAGER),
            "pod": draw(POD),
            "territory_ids": draw(PATCH),
            "status": draw(STATUS),
            **draw(EMPLOYED),
            "ramp": draw(RAMP),
            "capacity_hours": draw(CAPACITY),
            "quota": draw(MAYBE_MONEY),
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
            current.append({"role": role, "rep_id": holder, "since": draw(SINCE)})
    return {
        "id": f"a{place}",
        "parent_id": "a0" if place and draw(FLAG) else None,
        "territory_id": draw(TERRITORY),
        "segment": segment,
        "industry": draw(INDUSTRY),
        "kind": draw(KIND),
        "revenue_history": draw(HISTORY),
        "last_year_months": draw(LAST_YEAR),
        "expected_revenue": draw(EXPECTED),
        "potential": draw(MONEY),
        "hours": draw(MAYBE_SMALL),
        "current": current,
        "relationship_strength": draw(STRENGTH),
        "open_opportunity": draw(FLAG),
        "locked": draw(LOCKED),
        "tags": draw(TAGS),
    }


@st.composite
def problems(draw: st.DrawFn, most: int = 4) -> Document:
    """A whole problem of at most `most` seats; accounts a1... may be children of a0."""
    engineers = draw(FLAG)
    staff = draw(reps(engineers))
    seats = 0
    accounts: list[Document] = []
    while seats < most and len(accounts) < 4:
        two_roles = engineers and seats + 2 <= most and draw(FLAG)
        accounts.append(draw(account(len(accounts), staff, two_roles)))
        seats += 1 + two_roles
    fit = [{"rep_id": "r0", "industry": "health", "multiplier": 1.2}] * draw(NONE_OR_ONE)
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
    if not draw(RARELY):
        return []
    return [
        {
            "account_id": f"a{draw(st.integers(0, n_accounts - 1))}",
            "rep_id": draw(PAIR_REP),
            "value": draw(PAIR_VALUE),
            "hours": draw(MAYBE_SMALL),
            "eligible": draw(MAYBE_FLAG),
        }
    ]
