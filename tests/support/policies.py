"""Random rules of every kind, for tiny problems."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.tiny import maybe

Document = dict[str, Any]
ACCOUNTS = st.sampled_from(
    [
        {},
        {"kind": "customer"},
        {"segment": ["plain"]},
        {"territory": ["land"]},
        {"open_opportunity": True},
        {"since_after": "2026-07-01"},
        {"ids": ["a0"]},
        {"top": 2},
        {"top": 1, "by": "potential", "kind": "customer"},
    ]
)
REPS = st.sampled_from([{}, {"ids": ["r0", "r1"]}, {"role": ["account_executive"]}, {"status": ["active"]}])
MEASURES = st.sampled_from(["accounts", "hours", "revenue", "potential", "expected_revenue"])
COUNT = st.integers(0, 3)
SHARE = st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0])
AMOUNT = st.integers(0, 8).map(lambda amount: amount * 1000.0)


def low_high(low: str, high: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Document]:
    """One bound or both, in order."""
    both = st.tuples(values, values).map(lambda pair: {low: min(pair), high: max(pair)})
    return st.one_of(values.map(lambda value: {low: value}), values.map(lambda value: {high: value}), both)


def merged(*parts: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    """One document of all parts."""
    return st.tuples(*parts).map(lambda found: {key: value for part in found for key, value in part.items()})


def some(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Document]:
    """Any non-empty selection of the fields."""
    drawn = st.fixed_dictionaries({}, optional=values)
    return drawn.filter(bool)


BY_KIND: dict[str, st.SearchStrategy[Document]] = {
    "capacity": st.fixed_dictionaries(
        {"utilisation": st.sampled_from([0.5, 1.0])}, optional={"reps": REPS, "count_interim": st.just(True)}
    ),
    "account_count": merged(low_high("min", "max", COUNT), st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS})),
    "revenue_band": merged(low_high("min", "max", AMOUNT), st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS})),
    "balance": st.fixed_dictionaries(
        {
            "measure": MEASURES,
            "tolerance": st.sampled_from([0.0, 0.2, 0.6]),
            "within": st.sampled_from([None, ["land"], ["north", "south"]]),
            "per": st.sampled_from(["rep", "team"]),
            "share": st.sampled_from(["capacity", "equal"]),
            "accounts": ACCOUNTS,
            "reps": REPS,
        }
    ),
    "keep_current": merged(
        some({"max_moved": COUNT, "max_moved_share": SHARE, "max_moved_revenue_share": SHARE, "max_gained": COUNT}),
        st.fixed_dictionaries(
            {"per": st.sampled_from(["company", "rep", "segment"]), "accounts": ACCOUNTS, "reps": REPS}
        ),
    ),
    "protect": st.fixed_dictionaries({"accounts": ACCOUNTS}),
    "revenue_target": st.one_of(
        st.fixed_dictionaries({"target": AMOUNT, "per": st.sampled_from(["company", "team", "territory"])}),
        st.fixed_dictionaries({"target": AMOUNT, "per": st.just("territory"), "ids": st.just(["north"])}),
    ),
    "goal": merged(
        low_high("min", "max", AMOUNT.map(lambda amount: amount / 1000)),
        st.fixed_dictionaries({"measure": MEASURES, "accounts": ACCOUNTS, "reps": REPS}),
    ),
    "book_mix": merged(
        some({"max_share": SHARE, "max_count": COUNT}),
        st.fixed_dictionaries({"accounts": ACCOUNTS, "reps": REPS}, optional={"min_count": st.just(0)}),
    ),
    "family": st.fixed_dictionaries({"within": st.sampled_from(["company", "territory"]), "accounts": ACCOUNTS}),
    "exclusive": st.fixed_dictionaries(
        {"groups": st.just([{"id": "one", "accounts": {"ids": ["a0", "a1"]}}, {"id": "all", "accounts": {}}])}
    ),
    "same_team": st.fixed_dictionaries({"accounts": ACCOUNTS}),
    "must_cover": st.fixed_dictionaries({"accounts": ACCOUNTS}),
    "coverage": st.fixed_dictionaries(
        {
            "min_share": SHARE,
            "measure": st.sampled_from(["accounts", "revenue"]),
            "per": st.sampled_from(["company", "territory", "segment"]),
            "accounts": ACCOUNTS,
        }
    ),
    "spread": st.fixed_dictionaries(
        {"max": st.integers(0, 2), "by": st.sampled_from(["territory", "industry"]), "accounts": ACCOUNTS, "reps": REPS}
    ),
}
"""Fields of each kind but id and penalty."""

PENALTY = maybe(st.sampled_from([0.0, 0.5, 40.0, 900.0]))


def rules(kind: str) -> st.SearchStrategy[Document]:
    """A rule of this kind, hard or soft."""
    return st.tuples(BY_KIND[kind], PENALTY).map(lambda drawn: {"kind": kind, "penalty": drawn[1], **drawn[0]})


def any_rule() -> st.SearchStrategy[Document]:
    """A rule of any kind."""
    return st.sampled_from(sorted(BY_KIND)).flatmap(rules)


def policies(*wanted: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    """A policy with these rules and random weights."""
    weights = st.fixed_dictionaries(
        {"expected_revenue": st.just(1.0), "relationship_loss": st.sampled_from([0.0, 1.0, 2.0])}
    )
    return st.builds(
        lambda rules, weight: {"constraints": list(rules), "objective": weight}, st.tuples(*wanted), weights
    )
