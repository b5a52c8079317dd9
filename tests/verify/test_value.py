"""Value of a pair: each rule of the value model worked out by hand."""

from typing import Any

import pytest

from coverplan.verify import Judge, breakdown

Document = dict[str, Any]


def pair(account: Document, rep: Document | None = None, **problem: Any) -> Document:
    """Breakdown of the pair of one account and one rep."""
    document = {
        "accounts": [{"id": "a", **account}, *problem.pop("others", [])],
        "reps": [{"id": "r", **(rep or {})}],
        **problem,
    }
    return breakdown(document, {}, "a", (rep or {}).get("role", "account_executive"), "r")


@pytest.mark.parametrize(
    ("account", "months", "existing"),
    [
        ({"revenue_history": [90, 110, 130]}, 12, 116 * 130 / 110),  # 0.5 * 130 + 0.3 * 110 + 0.2 * 90 = 116
        ({"revenue_history": [7000, 90, 110, 130]}, 12, 116 * 130 / 110),  # the fourth year back does not count
        ({"revenue_history": [100, 200]}, 12, 203.125),  # (0.5 * 200 + 0.3 * 100) / 0.8 = 162.5; trend 2 -> 1.25
        ({"revenue_history": [200, 100]}, 12, 103.125),  # (0.5 * 100 + 0.3 * 200) / 0.8 = 137.5; trend 0.5 -> 0.75
        ({"revenue_history": [0, 80]}, 12, 50.0),  # (0.5 * 80 + 0.3 * 0) / 0.8; no trend from 0
        ({"revenue_history": [80]}, 12, 80.0),  # one year: its own mean, no trend
        ({"revenue_history": [80]}, 3, 20.0),  # 80 * 3 / 12
        ({"revenue_history": [80], "expected_revenue": 33}, 3, 33.0),  # already over the horizon
        ({"revenue_history": [40], "last_year_months": 6}, 12, 80.0),
        # 105 in 6 months are 210 a year, weighing 0.25: (0.25 * 210 + 0.3 * 200) / 0.55; trend 1.05
        ({"revenue_history": [200, 105], "last_year_months": 6}, 12, 112.5 / 0.55 * 1.05),
        ({"revenue_history": [80], "kind": "prospect"}, 12, 0.0),
        ({"expected_revenue": 33, "kind": "prospect"}, 12, 0.0),
        ({}, 12, 0.0),
    ],
)
def test_existing_revenue(account: Document, months: int, existing: float) -> None:
    """Weighted mean of three years x clipped trend x length of the horizon."""
    found = pair(account, horizon={"start": "2027-01-01", "months": months})

    assert found["existing"] == pytest.approx(existing)


def test_new_business_is_the_converted_potential() -> None:
    """500 x 0.3 = 150, in full with a rep who was always there."""
    segments = [{"id": "s", "conversion": 0.3, "cycle_days": 90}]

    found = pair({"potential": 500, "segment": "s"}, segments=segments)

    assert (found["new"], found["timing"], found["value"]) == (150.0, 1.0, 150.0)


@pytest.mark.parametrize(
    ("rep", "active"),
    [
        ({}, 1.0),
        ({"start_date": "2020-01-01"}, 1.0),
        ({"start_date": "2027-04-01"}, 9 / 12),
        ({"start_date": "2027-04-16"}, 8.5 / 12),  # 15 of 30 days of April are over
        ({"end_date": "2027-06-30"}, 6 / 12),  # the last day is worked
        ({"start_date": "2027-02-01", "end_date": "2027-02-14"}, 0.5 / 12),  # 14 of 28 days
        ({"status": "hired", "start_date": "2027-10-01"}, 3 / 12),
        ({"status": "open"}, 1.0),  # no date: from the first day of the horizon
        ({"end_date": "2026-12-31"}, 0.0),
        ({"start_date": "2028-01-01"}, 0.0),
    ],
)
def test_active_share(rep: Document, active: float) -> None:
    """Months of the horizon in which the rep works."""
    assert pair({}, rep)["active"] == pytest.approx(active)


def test_existing_revenue_waits_for_the_rep_but_for_its_self_served_share() -> None:
    """Active 9 of 12 months: 100 x (0.75 + 0.25 x 0.4) = 85."""
    segments = [{"id": "s", "self_serve_share": 0.4}]

    found = pair({"expected_revenue": 100, "segment": "s"}, {"start_date": "2027-04-01"}, segments=segments)

    assert found["value"] == pytest.approx(85)


@pytest.mark.parametrize(
    ("rep", "timing"),
    [
        ({"start_date": "2027-04-01"}, 7 / 12),  # 3 months late, 2 of sales cycle
        ({"start_date": "2026-12-01"}, 11 / 12),  # one month of the cycle is over when the horizon starts
        ({"start_date": "2026-10-01"}, 1.0),
        ({"status": "open"}, 10 / 12),
        ({"start_date": "2027-04-01", "end_date": "2027-08-31"}, 3 / 12),  # June, July, August
        ({"start_date": "2027-11-01"}, 0.0),
    ],
)
def test_new_business_starts_one_sales_cycle_after_the_rep(rep: Document, timing: float) -> None:
    """60.875 days are two months."""
    found = pair({"potential": 120, "segment": "s"}, rep, segments=[{"id": "s", "cycle_days": 60.875}])

    assert found["timing"] == pytest.approx(timing)
    assert found["value"] == pytest.approx(120 * timing)


def test_fit_is_the_product_of_what_matches() -> None:
    """1.1 x 0.5 x 3 = 1.65; the entries for another rep and industry do not match."""
    fit = [
        {"rep_id": "r", "industry": "health", "multiplier": 1.1},
        {"rep_id": "r", "segment": "default", "multiplier": 0.5},
        {"rep_id": "r", "account_id": "a", "multiplier": 3},
        {"rep_id": "r", "industry": "retail", "multiplier": 9},
        {"rep_id": "q", "industry": "health", "multiplier": 9},
    ]

    found = pair({"potential": 100, "industry": "health"}, fit=fit)

    assert found["fit"] == pytest.approx(1.65)
    assert found["value"] == pytest.approx(165)


@pytest.mark.parametrize(
    ("roles", "shares"),
    [
        ([{"hours": 120}, {"hours": 40, "role": "sales_engineer"}], [0.75, 0.25]),
        ([{"hours": 0}, {"hours": 0, "role": "sales_engineer"}], [0.5, 0.5]),
        ([{"revenue_share": 0.9}, {"revenue_share": 0.1, "role": "sales_engineer"}], [0.9, 0.1]),
    ],
)
def test_revenue_shares(roles: list[Document], shares: list[float]) -> None:
    """Given, or in proportion to hours."""
    problem = {
        "segments": [{"id": "s", "roles": roles}],
        "reps": [{"id": "r"}, {"id": "e", "role": "sales_engineer"}],
        "accounts": [{"id": "a", "segment": "s", "potential": 100}],
    }

    seats = Judge(problem, {}).case.book.seats

    assert [seat.role.revenue_share for seat in seats] == pytest.approx(shares)
    assert [seat.role.relationship_weight for seat in seats] == [1.0, 0.0]
    assert breakdown(problem, {}, "a", "sales_engineer", "e")["value"] == pytest.approx(100 * shares[1])


HELD = {"current": [{"rep_id": "gone"}]}


@pytest.mark.parametrize(
    ("account", "rep", "loss"),
    [
        ({"expected_revenue": 100, **HELD}, {}, 15.0),
        ({"expected_revenue": 100, **HELD, "industry": "health"}, {}, 13.0),  # r holds account o of that industry
        ({"expected_revenue": 100, **HELD, "industry": "retail"}, {}, 15.0),
        ({"expected_revenue": 100, **HELD, "industry": "health"}, {"status": "hired"}, 18.0),
        ({"expected_revenue": 100, **HELD}, {"start_date": "2027-01-01"}, 18.0),
        ({"expected_revenue": 100, **HELD}, {"start_date": "2026-12-31"}, 15.0),
        ({"expected_revenue": 100, **HELD, "relationship_strength": 2}, {}, 30.0),
        ({"expected_revenue": 100, **HELD, "segment": "s"}, {"status": "hired"}, 40.0),  # the segment's own rate
        ({"revenue_history": [90, 110, 130], **HELD}, {}, 116 * 130 / 110 * 0.15),  # of what is expected
        ({"revenue_history": [100, 0], **HELD}, {}, 37.5 * 0.75 * 0.15),  # not of the last year, which was nothing
        ({"revenue_history": [130], "expected_revenue": 7, **HELD}, {}, 1.05),
        ({"expected_revenue": 100, "current": [{"rep_id": "r"}]}, {}, 0.0),
        ({"expected_revenue": 100}, {}, 0.0),
        ({"expected_revenue": 100, **HELD, "kind": "prospect"}, {}, 0.0),
    ],
)
def test_relationship_loss(account: Document, rep: Document, loss: float) -> None:
    """Rate x revenue x strength, when another rep had the seat."""
    others = [{"id": "o", "industry": "health", "current": [{"rep_id": "r"}]}]
    segments = [{"id": "s", "relationship_loss": 0.4}]

    found = pair(account, rep, others=others, segments=segments)

    assert found["relationship_loss"] == pytest.approx(loss)
    assert found["expected_revenue"] == pytest.approx(found["value"] - loss)


def test_an_account_does_not_count_as_another_of_its_industry() -> None:
    """r serves this very account in another role, and no other of the industry: the rate stays 0.15."""
    roles = [{"revenue_share": 1}, {"role": "sales_engineer", "revenue_share": 0, "relationship_weight": 0.5}]
    current = [{"rep_id": "x"}, {"role": "sales_engineer", "rep_id": "y"}, {"role": "other", "rep_id": "r"}]
    problem = {
        "segments": [{"id": "s", "roles": roles}],
        "reps": [{"id": "r"}, {"id": "e", "role": "sales_engineer"}],
        "accounts": [{"id": "a", "segment": "s", "industry": "health", "expected_revenue": 100, "current": current}],
    }

    assert breakdown(problem, {}, "a", "account_executive", "r")["relationship_loss"] == pytest.approx(15)
    assert breakdown(problem, {}, "a", "sales_engineer", "e")["relationship_loss"] == pytest.approx(7.5)  # weight 0.5


def test_half_a_year_loses_half_of_the_last_year() -> None:
    """130 x 6 / 12 x 0.15 = 9.75."""
    found = pair({"revenue_history": [130], **HELD}, horizon={"start": "2027-01-01", "months": 6})

    assert found["relationship_loss"] == pytest.approx(9.75)


@pytest.mark.parametrize(
    ("rep", "capacity"),
    [
        ({}, 1200.0),
        ({"start_date": "2027-07-01"}, 600.0),
        ({"start_date": "2027-04-01", "ramp": [0, 0.5]}, 750.0),  # April 0, May 0.5, then 7 months: 7.5 of 12
        ({"start_date": "2026-12-01", "ramp": [0, 0.5]}, 1150.0),  # December is over; January 0.5, then 11 months
        ({"start_date": "2026-12-16", "ramp": [0, 1]}, None),  # checked below: half of January is still at 0
        ({"ramp": [0, 0]}, 1200.0),  # always there: no ramp
        ({"status": "hired", "ramp": [0, 0, 0]}, 900.0),
        ({"start_date": "2027-04-01", "end_date": "2027-05-31", "ramp": [0.2, 0.5, 1]}, 70.0),  # 0.7 of 12 months
    ],
)
def test_ramped_capacity(rep: Document, capacity: float | None) -> None:
    """Hours x productivity over the months of the horizon that are worked."""
    problem = {"accounts": [], "reps": [{"id": "r", "capacity_hours": 1200, **rep}]}

    found = Judge(problem, {}).case.book.reps[0].capacity

    if capacity is None:
        # 2026-12-16 is 15/31 into December: productivity is 0 until 15/31 of January, then 1.
        capacity = 100 * (12 - 15 / 31)
    assert found == pytest.approx(capacity)


def test_travel_is_the_great_circle() -> None:
    """One degree of longitude on the equator: 6371.0088 x pi / 180 = 111.19508 km, at 2 a km."""
    account = {"id": "a", "potential": 1000, "location": {"lat": 0, "lon": 1}}
    problem = {"accounts": [account], "reps": [{"id": "r", "location": {"lat": 0, "lon": 0}}, {"id": "q"}]}
    policy = {"objective": {"travel_cost_per_km": 2}, "constraints": []}

    found = breakdown(problem, policy, "a", "account_executive", "r")

    assert found["km"] == pytest.approx(111.19508, abs=1e-5)
    assert found["objective"] == pytest.approx(1000 - 2 * 111.19508, abs=1e-4)
    assert breakdown(problem, policy, "a", "account_executive", "q")["km"] == 0.0
    terms = Judge(problem, policy).evaluate([{"account_id": "a", "rep_id": "r"}]).terms
    assert terms["travel_cost", None] == pytest.approx(-2 * 111.19508, abs=1e-4)


def test_weights_scale_the_terms() -> None:
    """2 x 100 - 3 x 15 = 155; no travel term without a travel weight."""
    problem = {"accounts": [{"id": "a", "expected_revenue": 100, **HELD}], "reps": [{"id": "r"}]}
    policy = {"objective": {"expected_revenue": 2, "relationship_loss": 3}, "constraints": []}

    found = Judge(problem, policy).evaluate([{"account_id": "a", "rep_id": "r"}])

    assert found.terms == {("expected_revenue", None): 200.0, ("relationship_loss", None): -45.0}
    assert found.objective == 155.0


def test_an_uncovered_seat_brings_its_self_served_share_and_loses_nothing() -> None:
    """0.75 x 100 x 0.4 + 0.25 x 100 x 0.4 = 40, although a rep had the seat."""
    roles = [{"hours": 3}, {"role": "sales_engineer", "hours": 1}]
    problem = {
        "segments": [{"id": "s", "roles": roles, "self_serve_share": 0.4}],
        "accounts": [{"id": "a", "segment": "s", "expected_revenue": 100, "potential": 50, **HELD}],
        "reps": [{"id": "r"}],
    }

    assert Judge(problem, {"constraints": []}).evaluate([]).objective == pytest.approx(40)


def test_explicit_pairs_replace_value_and_hours() -> None:
    """Value -7 replaces 100 x fit; the relationship loss of 15 still applies; hours 3 replace 1."""
    found = pair(
        {"expected_revenue": 100, **HELD},
        pairs=[{"account_id": "a", "rep_id": "r", "value": -7, "hours": 3}],
        fit=[{"rep_id": "r", "account_id": "a", "multiplier": 9}],
    )

    assert (found["value"], found["hours"]) == (-7.0, 3.0)
    assert found["expected_revenue"] == pytest.approx(-22)


def test_account_hours_override_the_first_role_only() -> None:
    """The second role keeps the segment's 40 hours."""
    roles = [{"hours": 120}, {"role": "sales_engineer", "hours": 40}]
    problem = {
        "segments": [{"id": "s", "roles": roles}],
        "accounts": [{"id": "a", "segment": "s", "hours": 7}],
        "reps": [{"id": "r"}],
    }

    assert [seat.hours for seat in Judge(problem, {}).case.book.seats] == [7.0, 40.0]
