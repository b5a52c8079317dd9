"""What only CBC meets: it looks for answers that are better by more than its increment."""

from __future__ import annotations

import pytest

from support.by_hand import book, cover_of, solved, value, worth


def test_a_fifth_counts_beside_travel_of_millions() -> None:
    """Bo has no limit and takes both for 170,000; Cy would be 0.4 hours above 1.6, at 0.5 an hour.

    The third account is worth nothing, half the way round the globe from Bo, at 1,000 a km.
    """
    problem = book(
        {
            "a": worth(100000, hours=2),
            "b": worth(70000, hours=2),
            "c": worth(0, hours=0, location={"lat": 1, "lon": 1}),
        },
        {
            "ana": {"capacity_hours": 0},
            "bo": {"location": {"lat": 0.5, "lon": -179}},
            "cy": {"capacity_hours": 2},
        },
    )
    rule = {"kind": "capacity", "utilisation": 0.8, "penalty": 0.5}

    plan = solved(problem, rule, objective={"travel_cost_per_km": 1000}, backend="cbc")

    assert value(plan) == pytest.approx(170000, abs=1e-6)
    assert {rep for account, rep in cover_of(plan).items() if account != "c"} == {"bo"}
