"""The value model against a count of days, in the engine and in the verifier."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverplan.domain.candidates import Candidates
from coverplan.verify import breakdown
from support import by_day
from support.by_hand import book
from support.domain import book_of
from support.sampling import examples

Document = dict[str, Any]
EDGES = [dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2027, 1, 2), dt.date(2027, 6, 30), dt.date(2027, 7, 1)]
EDGES += [dt.date(2027, 12, 31), dt.date(2028, 1, 1)]
DAYS = st.one_of(st.dates(dt.date(2027, 1, 1), dt.date(2027, 12, 31)), st.sampled_from(EDGES))
MONEY = st.sampled_from([1200.0, 500.0, 9000.0, 0.0])


@st.composite
def employed(draw: st.DrawFn, late: bool) -> Document:
    """A rep who came and went at any time, or was always there; one who comes `late` has a date."""
    rep: Document = {"status": draw(st.sampled_from(["active", "hired", "open"]))}
    first, last = sorted([draw(DAYS), draw(DAYS)])
    if late or draw(st.booleans()):
        rep["start_date"] = str(first)
    if draw(st.integers(0, 2)) == 0:
        rep["end_date"] = str(last)
    return rep


@st.composite
def accounts(draw: st.DrawFn) -> Document:
    """An account with a past."""
    account: Document = {
        "revenue_history": draw(st.lists(MONEY, min_size=draw(st.integers(0, 2)), max_size=5)),
        "last_year_months": draw(st.sampled_from([12.0, 1.0, 4.5, 11.0])),
        "kind": draw(st.sampled_from(["customer"] * 5 + ["prospect"])),
        "relationship_strength": draw(st.sampled_from([0.0, 1.0, 2.5])),
        "potential": draw(MONEY),
        "hours": draw(st.sampled_from([8.0, 8.0, 0.0])),
    }
    if draw(st.integers(0, 3)) == 0:
        account["expected_revenue"] = draw(MONEY)
    return account


@examples(120)
@given(
    accounts(), employed(late=True), employed(late=False), st.sampled_from([12, 6, 1]), st.sampled_from([0.4, 0.0]),
    st.booleans(), st.sampled_from(["holder", "holder", "holder", "nobody", "gone", "own"]), st.booleans(),
)  # fmt: skip
def test_a_pair_is_worth_what_its_days_are_worth(
    account: Document,
    rep: Document,
    holder: Document,
    months: int,
    self_serve: float,
    suits: bool,
    held_by: str,
    other_role: bool,
) -> None:
    """Revenue by who holds the account each day; the loss is a share of what is expected; interim hours by days."""
    current = {"nobody": [], "own": [{"rep_id": "rep"}]}.get(held_by, [{"rep_id": held_by}])
    fit = [{"rep_id": "rep", "account_id": "a", "multiplier": 1.5}, {"rep_id": "holder", "account_id": "a",
           "multiplier": 0.5}] * suits  # fmt: skip
    problem = book(
        {"a": {**account, "current": current}},
        {"rep": rep, "holder": {**holder, "role": "engineer" if other_role else "account_executive"}},
        segments=[{"id": "default", "self_serve_share": self_serve, "relationship_loss": 0.2}],
        fit=fit,
    )
    problem["horizon"]["months"] = months
    today = holder if held_by == "holder" else None
    existing = by_day.existing(account, months)
    value = by_day.value({**account, "months": months}, rep, today, self_serve, [1.5, 0.5] if suits else [1.0, 1.0])
    loss = 0.2 * existing * account["relationship_strength"] * (held_by in ("holder", "gone"))
    interim = account["hours"] * (0.0 if today is None else by_day.held_share(rep, today, months))

    pairs = Candidates.from_unit_keys(book_of(problem), np.array([0]), np.zeros(1, np.int32), 1)
    checked = breakdown(problem, {}, "a", "account_executive", "rep")

    assert pairs.value[0] == pytest.approx(value, rel=1e-9, abs=1e-6)
    assert pairs.loss[0] == pytest.approx(loss, rel=1e-9, abs=1e-6)
    assert pairs.interim_hours[0] == pytest.approx(interim, rel=1e-9, abs=1e-9)
    assert checked["value"] == pytest.approx(value, rel=1e-9, abs=1e-6)
    assert checked["relationship_loss"] == pytest.approx(loss, rel=1e-9, abs=1e-6)
    assert checked["interim_hours"] == pytest.approx(interim, rel=1e-9, abs=1e-9)
