"""Tiny problems and policies with more of everything: places, skills, quotas, targets, own numbers, large money."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.drawing import ACCOUNTS, COUNT, MEASURES, PENALTY, REPS, SHARE
from support.policies import BY_KIND
from support.tiny import MAYBE_FLAG, maybe, problems

Document = dict[str, Any]
PLACES = st.sampled_from([None, None, {"lat": 0.0, "lon": 0.0}, {"lat": 0.0, "lon": 1.0}, {"lat": 2.0, "lon": 0.0}])
SKILLS = st.sampled_from([[], [], ["x"]])
SEGMENTS = st.sampled_from([[], [], ["plain"], ["shared"]])
TARGETS = maybe(st.sampled_from([0.0, 2000.0, 9000.0]))
LARGE = st.sampled_from([1e3, 1e5])
OWN_VALUE = maybe(st.sampled_from([-1000.0, 0.0, 2000.0, 1e6]))
OWN_HOURS = maybe(st.sampled_from([0.0, 2.5, 7.0]))
EXPECTED_REVENUE = st.sampled_from([1.0, 1.0, 0.0, 2.0])
RELATIONSHIP_LOSS = st.sampled_from([0.0, 1.0, 2.0])
TRAVEL_COST = st.sampled_from([0.0, 0.0, 5.0])
DISTANCE = st.sampled_from([None, None, 150.0])
RESPECT = st.sampled_from([True, True, False])


def one_in(draw: st.DrawFn, chances: int) -> bool:
    """True rarely."""
    return draw(st.integers(1, chances)) == chances


@st.composite
def rich_problems(draw: st.DrawFn, most: int = 4) -> Document:
    """A problem as `tiny.problems` draws it, with what that leaves out."""
    problem = draw(problems(most))
    for place, account in enumerate(problem["accounts"]):
        account |= {"location": draw(PLACES), "required_skills": draw(SKILLS)}
        if account["parent_id"]:
            account["parent_id"] = f"a{draw(st.integers(0, place - 1))}"
    for rep in problem["reps"]:
        rep |= {"location": draw(PLACES), "skills": draw(SKILLS), "segments": draw(SEGMENTS)}
        if one_in(draw, 6):
            rep["capacity_hours"] = 0.0
        if one_in(draw, 6):
            rep["status"] = "open"
    problem["reps"][0]["quota"] = 4000.0
    problem["territories"] = [{**one, "revenue_target": draw(TARGETS)} for one in problem["territories"]]
    problem["territories"][0]["revenue_target"] = 5000.0
    problem["pairs"] = draw(own_numbers(problem))
    if one_in(draw, 5):
        _enlarge(problem, draw(LARGE))
    return problem


@st.composite
def own_numbers(draw: st.DrawFn, problem: Document) -> list[Document]:
    """Up to four explicit pairs of seats that exist."""
    roles = {"plain": {"account_executive"}, "shared": {"account_executive", "sales_engineer"}}
    seats = [
        (account["id"], rep["id"])
        for account in problem["accounts"]
        for rep in problem["reps"]
        if rep["role"] in roles[account["segment"]]
    ]
    return [
        {
            "account_id": account,
            "rep_id": rep,
            "value": draw(OWN_VALUE),
            "hours": draw(OWN_HOURS),
            "eligible": draw(MAYBE_FLAG),
        }
        for account, rep in draw(st.lists(st.sampled_from(seats), unique=True, max_size=4))
    ]


def _enlarge(problem: Document, factor: float) -> None:
    """Count money in a smaller currency."""
    for account in problem["accounts"]:
        account["revenue_history"] = [amount * factor for amount in account["revenue_history"]]
        account["potential"] *= factor


MORE: dict[str, st.SearchStrategy[Document]] = {
    "goal": st.fixed_dictionaries(
        {
            "measure": MEASURES,
            "role": st.just("account_executive"),
            "min": st.sampled_from([0.0, 3000.0]),
            "accounts": ACCOUNTS,
        }
    ),
    "book_mix": st.fixed_dictionaries(
        {"min_share": SHARE, "accounts": ACCOUNTS, "reps": REPS},
        optional={"max_share": st.just(1.0), "max_count": COUNT},
    ),
    "balance": st.fixed_dictionaries(
        {
            "measure": MEASURES,
            "tolerance": st.sampled_from([0.0, 0.5, 1.5]),
            "share": st.just("quota"),
            "per": st.sampled_from(["rep", "team"]),
            "within": st.sampled_from([None, ["north", "south"], ["land", "north"]]),
        }
    ),
    "revenue_target": st.fixed_dictionaries({"per": st.sampled_from(["team", "territory"])}),
    "revenue_band": st.fixed_dictionaries(
        {"min": st.sampled_from([0.0, 0.2]), "max": st.sampled_from([0.5, 2.0]), "relative_to": st.just("quota")}
    ),
}
"""Fields that `policies.BY_KIND` does not draw."""


KINDS = st.sampled_from(sorted(BY_KIND))
FIELDS = {kind: st.one_of(fields, MORE[kind]) if kind in MORE else fields for kind, fields in BY_KIND.items()}


@st.composite
def rich_rule(draw: st.DrawFn) -> Document:
    """A rule of any kind, hard or soft."""
    kind = draw(KINDS)
    fields = draw(FIELDS[kind])
    return {"kind": kind, "penalty": draw(PENALTY), **fields}


RULES = st.lists(rich_rule(), min_size=3, max_size=4)


@st.composite
def rich_policies(draw: st.DrawFn) -> Document:
    """Three or four rules, random weights and candidates."""
    return {
        "constraints": draw(RULES),
        "objective": {
            "expected_revenue": draw(EXPECTED_REVENUE),
            "relationship_loss": draw(RELATIONSHIP_LOSS),
            "travel_cost_per_km": draw(TRAVEL_COST),
        },
        "candidates": {
            "max_distance_km": draw(DISTANCE),
            "respect_territories": draw(RESPECT),
        },
    }
