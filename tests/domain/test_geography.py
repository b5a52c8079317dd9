"""Distances and the territory tree."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coverplan.domain.geography import EARTH_RADIUS_KM, haversine_km, lineage
from support.by_hand import book
from support.domain import candidates_of, pair


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((0, 0), (0, 90), EARTH_RADIUS_KM * np.pi / 2),  # a quarter of the equator
        ((90, 0), (-90, 0), EARTH_RADIUS_KM * np.pi),  # pole to pole
        ((0, 179.5), (0, -179.5), EARTH_RADIUS_KM * np.pi / 180),  # one degree across the date line
        ((36.12, -86.67), (33.94, -118.40), 2886.45),  # Nashville to Los Angeles, a published example for 6372.8 km
        ((5, 5), (5, 5), 0),
    ],
)
def test_great_circles(here: tuple[float, float], there: tuple[float, float], km: float) -> None:
    """Within 0.05 %, as the published example uses another radius."""
    found = haversine_km(*(np.array([degrees], np.float64) for degrees in (*here, *there)))

    assert found[0] == pytest.approx(km, rel=5e-4, abs=1e-9)


def test_a_missing_place_is_no_distance() -> None:
    """Bo and b have no location: 0 km; Ana is a degree of the equator away from a."""
    problem = book(
        {"a": {"location": {"lat": 0, "lon": 1}}, "b": {}}, {"ana": {"location": {"lat": 0, "lon": 0}}, "bo": {}}
    )

    pairs = candidates_of(problem)

    assert pairs.km[pair(pairs, "a", "ana")] == pytest.approx(EARTH_RADIUS_KM * np.pi / 180)
    assert [pairs.km[pair(pairs, *names)] for names in (("a", "bo"), ("b", "ana"), ("b", "bo"))] == [0, 0, 0]


def test_each_territory_lies_in_itself_and_all_above() -> None:
    """0 holds 1 holds 2; 3 is apart."""
    related = lineage(np.array([-1, 0, 1, -1], np.int32))

    assert_array_equal(related, np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]], np.bool_))
