"""Cities that generated accounts cluster around."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coverplan.domain.instance import Floats

CITIES: tuple[tuple[str, float, float, float], ...] = (
    ("New York", 40.71, -74.01, 19.6),
    ("Los Angeles", 34.05, -118.24, 12.8),
    ("Chicago", 41.88, -87.63, 9.3),
    ("Dallas", 32.78, -96.80, 8.1),
    ("Houston", 29.76, -95.37, 7.5),
    ("Atlanta", 33.75, -84.39, 6.3),
    ("Washington", 38.91, -77.04, 6.3),
    ("Philadelphia", 39.95, -75.17, 6.2),
    ("Toronto", 43.65, -79.38, 6.2),
    ("Miami", 25.76, -80.19, 6.2),
    ("Phoenix", 33.45, -112.07, 5.1),
    ("Boston", 42.36, -71.06, 4.9),
    ("San Francisco", 37.77, -122.42, 4.6),
    ("Detroit", 42.33, -83.05, 4.3),
    ("Montreal", 45.50, -73.57, 4.3),
    ("Seattle", 47.61, -122.33, 4.0),
    ("Minneapolis", 44.98, -93.27, 3.7),
    ("Tampa", 27.95, -82.46, 3.3),
    ("San Diego", 32.72, -117.16, 3.3),
    ("Denver", 39.74, -104.99, 3.0),
    ("St. Louis", 38.63, -90.20, 2.8),
    ("Charlotte", 35.23, -80.84, 2.8),
    ("Orlando", 28.54, -81.38, 2.8),
    ("San Antonio", 29.42, -98.49, 2.7),
    ("Vancouver", 49.28, -123.12, 2.6),
    ("Portland", 45.52, -122.68, 2.5),
    ("Austin", 30.27, -97.74, 2.5),
    ("Pittsburgh", 40.44, -79.99, 2.4),
    ("Sacramento", 38.58, -121.49, 2.4),
    ("Las Vegas", 36.17, -115.14, 2.3),
    ("Cincinnati", 39.10, -84.51, 2.3),
    ("Kansas City", 39.10, -94.58, 2.2),
    ("Columbus", 39.96, -83.00, 2.2),
    ("Cleveland", 41.50, -81.69, 2.2),
    ("Indianapolis", 39.77, -86.16, 2.1),
    ("Nashville", 36.16, -86.78, 2.1),
    ("Jacksonville", 30.33, -81.66, 1.7),
    ("Milwaukee", 43.04, -87.91, 1.6),
    ("Calgary", 51.05, -114.07, 1.6),
    ("Oklahoma City", 35.47, -97.52, 1.5),
    ("Raleigh", 35.78, -78.64, 1.5),
    ("Memphis", 35.15, -90.05, 1.3),
    ("Richmond", 37.54, -77.44, 1.3),
    ("Louisville", 38.25, -85.76, 1.3),
    ("Salt Lake City", 40.76, -111.89, 1.3),
    ("New Orleans", 29.95, -90.07, 1.0),
    ("Birmingham", 33.52, -86.80, 1.1),
    ("Buffalo", 42.89, -78.88, 1.1),
    ("Tucson", 32.22, -110.97, 1.0),
    ("Tulsa", 36.15, -95.99, 1.0),
    ("Omaha", 41.26, -95.93, 1.0),
    ("Albuquerque", 35.08, -106.65, 0.9),
    ("El Paso", 31.76, -106.49, 0.9),
    ("Boise", 43.62, -116.20, 0.8),
    ("Winnipeg", 49.90, -97.14, 0.8),
    ("Des Moines", 41.59, -93.62, 0.7),
    ("Spokane", 47.66, -117.43, 0.6),
    ("Billings", 45.78, -108.50, 0.2),
    ("Fargo", 46.88, -96.79, 0.3),
    ("Halifax", 44.65, -63.58, 0.5),
)
"""Name, latitude, longitude, people in millions (metropolitan areas of North America, rounded)."""

NAMES = tuple(city[0] for city in CITIES)
LAT: Floats = np.array([city[1] for city in CITIES])
LON: Floats = np.array([city[2] for city in CITIES])
PEOPLE: Floats = np.array([city[3] for city in CITIES])

TOWNS_PER_CITY = 6


@dataclass(frozen=True, eq=False)
class Points:
    """Where the accounts are."""

    lat: Floats
    lon: Floats


def scatter(rng: np.random.Generator, count: int) -> Points:
    """Points around city centres and their towns, whose sizes are heavy-tailed."""
    towns = len(CITIES) * TOWNS_PER_CITY
    centre = np.repeat(np.arange(len(CITIES)), TOWNS_PER_CITY)
    outside = np.arange(towns) % TOWNS_PER_CITY > 0
    lat = LAT[centre] + outside * rng.normal(0, 0.9, towns)
    lon = LON[centre] + outside * rng.normal(0, 1.1, towns)
    weight = PEOPLE[centre] ** 0.9 * np.where(outside, 0.12 * (1 + rng.pareto(1.6, towns)).clip(max=8), 1.0)
    town = rng.choice(towns, count, p=weight / weight.sum())
    spread = np.where(outside[town], 0.06, 0.16)
    return Points(
        np.round(lat[town] + spread * rng.standard_t(4, count), 4).clip(-89, 89),
        np.round(lon[town] + spread * rng.standard_t(4, count), 4).clip(-179, 179),
    )


def nearest_city(lat: Floats, lon: Floats, part: int = 100_000) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Index into `NAMES` of the city nearest to each point (flat, good enough for a name), in parts to save memory."""
    stretch = np.cos(np.radians(40.0))
    nearest = np.empty(len(lat), np.int64)
    for k in range(0, len(lat), part):
        north, east = (
            lat[k : k + part, None] - LAT[None, :],
            stretch * (lon[k : k + part, None] - LON[None, :]),
        )
        nearest[k : k + part] = (north**2 + east**2).argmin(axis=1)
    return nearest


def patches(points: Points, weight: Floats, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Cut the map into `count` patches of about equal weight by straight lines; neighbours get near numbers.

    Recursive: the longer side of the box is cut where the weight divides as the numbers of patches do.
    """
    patch = np.zeros(len(weight), np.int64)
    todo = [(np.arange(len(weight)), 0, count)]
    while todo:
        members, first, parts = todo.pop()
        patch[members] = first
        if parts < 2 or len(members) < 2:
            continue
        lat, lon = points.lat[members], 0.77 * points.lon[members]
        axis = lat if np.ptp(lat) > np.ptp(lon) else lon
        members = members[np.argsort(axis, kind="stable")]
        left = parts // 2
        total = np.cumsum(weight[members])
        cut = int(np.searchsorted(total, total[-1] * left / parts))
        cut = min(max(cut, min(left, len(members) - 1)), max(len(members) - (parts - left), 1))
        todo += [
            (members[:cut], first, left),
            (members[cut:], first + left, parts - left),
        ]
    return patch
