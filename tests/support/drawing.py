"""What random rules for tiny problems are made of; each kind's test makes its own of it."""

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


PENALTY = maybe(st.sampled_from([0.0, 0.5, 40.0, 900.0]))


def drawn(kind: str, fields: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    """A rule of this kind, hard or soft."""
    return st.tuples(fields, PENALTY).map(lambda found: {"kind": kind, "penalty": found[1], **found[0]})


def policies(*wanted: st.SearchStrategy[Document]) -> st.SearchStrategy[Document]:
    """A policy with these rules and random weights."""
    weights = st.fixed_dictionaries(
        {"expected_revenue": st.just(1.0), "relationship_loss": st.sampled_from([0.0, 1.0, 2.0])}
    )
    return st.builds(
        lambda rules, weight: {"constraints": list(rules), "objective": weight}, st.tuples(*wanted), weights
    )
