"""Frontier: which bounds to solve for next, which points are efficient, and the knee.

Points are (bounds, interval): bounds where smaller is tighter, and an interval [low, high] that holds the best value
within them. low = -inf: no plan is known; high = -inf: proven to have none; high = +inf: no bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from coverplan.domain.instance import Bools, Floats
from coverplan.studies.comparison import rounding

AT_ONCE = 2
"""Points that are added in one round."""
Status = Literal["efficient", "dominated", "inconclusive", "infeasible"]
KNEE = (
    "Value and tightness of the bounds (their mean, for two) are scaled to 0..1: the knee is the point farthest beyond "
    "the chord from the tightest to the loosest point. None where no point is farther beyond it than its own gap."
)


class Gap:
    """The gap that solves are asked for."""

    def __init__(self, relative: float, absolute: float) -> None:
        self.relative, self.absolute = relative, absolute

    def of(self, value: Floats) -> Floats:
        """The same in money, for objectives of this size."""
        return np.maximum(np.maximum(self.relative * np.abs(value), self.absolute), rounding(np.abs(value)))


def levels(start: float, end: float, count: int) -> list[float]:
    """Evenly spaced bounds, both ends included."""
    return [float(value) for value in np.linspace(start, end, count)]


def first_points(most: int) -> int:
    """How many of at most so many points are evenly spaced; the others follow where they tell most.

    Beyond five the number does not depend on `most`, so that a longer frontier begins like a shorter one.
    """
    return 5 if most >= 5 else min(most, 3)


def tightened(bounds: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The intervals, given that a plan within tighter bounds is one within looser ones; `bounds` (points, axes)."""
    inside = _inside(bounds)
    lows = np.where(inside, low[:, None], -np.inf).max(axis=0, initial=-np.inf)
    highs = np.where(inside, high[None, :], np.inf).min(axis=1, initial=np.inf)
    return lows, highs


def _inside(bounds: Floats) -> Bools:
    """Whether point i lies within the bounds of point j, (points, points)."""
    return np.asarray(np.all(bounds[:, None, :] <= bounds[None, :, :], axis=2), np.bool_)


def next_bounds(
    bounds: Sequence[float], low: Sequence[float], high: Sequence[float], most: int, gap: Gap
) -> list[float]:
    """At most so many further bounds on one axis: the middles of the intervals that hide most.

    Between neighbours t < l the best value lies in [low(t), high(l)]: an interval hides width x height of that box.
    It is left alone once the height is within the gap that is asked for, since solving could not tell more.
    """
    order = np.argsort(bounds)
    places = np.asarray(bounds, np.float64)[order]
    lows, highs = tightened(places[:, None], np.asarray(low, np.float64)[order], np.asarray(high, np.float64)[order])
    finite = np.concatenate([lows[np.isfinite(lows)], highs[np.isfinite(highs)]])
    span = float(np.ptp(finite)) if len(finite) else 0.0
    width = np.diff(places) / max(float(np.ptp(places)), 1e-300)
    height = np.full(len(width), np.inf)
    there = np.isfinite(lows[:-1]) & np.isfinite(highs[1:])
    height[there] = highs[1:][there] - lows[:-1][there]
    height[np.isneginf(highs[1:])] = 0.0
    hidden = np.where(there, height / max(span, 1e-300), 1.0)
    open_ = (height > gap.of(np.where(np.isfinite(lows[1:]), lows[1:], 0.0))) & (width > 0)
    score = np.where(open_, width * hidden, 0.0)
    chosen = [place for place in np.argsort(-score, kind="stable")[:most].tolist() if score[place] > 0]
    return [float((places[place] + places[place + 1]) / 2) for place in sorted(chosen)]


def statuses(bounds: Floats, low: Floats, high: Floats) -> list[Status]:
    """Whether each point, `bounds` (points, axes), is efficient, dominated by a tighter one, or left open by gaps."""
    lows, highs = tightened(bounds, low, high)
    inside = _inside(bounds)
    tighter = inside & ~inside.T
    found: list[Status] = []
    for point in range(len(bounds)):
        others = np.flatnonzero(tighter[:, point])
        noise = float(rounding(np.abs(lows[point : point + 1]))[0])
        if np.isneginf(highs[point]):
            found.append("infeasible")
        elif np.isneginf(lows[point]):
            found.append("inconclusive")
        elif (lows[others] >= highs[point] - noise).any():
            found.append("dominated")
        else:
            found.append("efficient" if (highs[others] < lows[point] - noise).all() else "inconclusive")
    return found


def knee(bounds: Floats, low: Floats, high: Floats, status: Sequence[Status]) -> int | None:
    """The suggested compromise, as KNEE defines it."""
    lows, highs = tightened(bounds, low, high)
    usable = np.flatnonzero(np.isfinite(lows) & (np.asarray(status) != "dominated"))
    if len(usable) < 3:
        return None
    value, tight = lows[usable], bounds[usable]
    ranges = np.append(np.ptp(tight, axis=0), np.ptp(value))
    if (ranges <= 0).any():
        return None
    tightness = ((tight.max(axis=0) - tight) / ranges[:-1]).mean(axis=1)
    above = (value - value.min()) / ranges[-1] + tightness - 1.0
    best = int(np.argmax(above))
    noise = (highs[usable[best]] - value[best]) / ranges[-1]
    return int(usable[best]) if above[best] > max(float(noise), 1e-9) else None
