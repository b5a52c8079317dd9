"""Traces: what was known when, and the measures that are read off them.

A trace is a list of points, each with the best objective and the best bound known at its time; objectives are
maximised. Both only improve.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from coverplan.mip.program import gap


class Point(NamedTuple):
    """What is known t seconds after the start."""

    t: float
    objective: float | None
    bound: float | None


Trace = Sequence[Point]


def of_events(events: Iterable[dict[str, Any]]) -> list[Point]:
    """The points of a recorder's events, times counted from the end of the loading that an `aside` tells of."""
    events = list(events)
    load = loading(events)
    objective: float | None = None
    bound: float | None = None
    points = []
    for event in events:
        if event["event"] == "point":
            objective = event["objective"] if objective is None else max(objective, event["objective"])
        elif event["event"] == "bound":
            bound = event["bound"] if bound is None else min(bound, event["bound"])
        else:
            continue
        points.append(Point(event["t"] - load, objective, bound))
    return points


def loading(events: Iterable[dict[str, Any]]) -> float:
    """Seconds of loading after the start."""
    return float(sum(event["load"] for event in events if event["event"] == "aside"))


def at(trace: Trace, t: float) -> Point:
    """What is known at time t."""
    known = [point for point in trace if point.t <= t]
    return Point(t, known[-1].objective, known[-1].bound) if known else Point(t, None, None)


def first_plan(trace: Trace) -> float | None:
    """Seconds to the first plan."""
    return next((point.t for point in trace if point.objective is not None), None)


def gap_at(trace: Trace, t: float) -> float | None:
    """The proven relative gap at time t; None without a plan or a bound."""
    point = at(trace, t)
    return gap(point.objective, point.bound)[0]


def within(trace: Trace, tolerance: float) -> float | None:
    """Seconds until the proven relative gap is at most the tolerance."""
    for point in trace:
        proven = gap(point.objective, point.bound)[0]
        if proven is not None and proven <= tolerance:
            return point.t
    return None


def primal_gap(objective: float | None, best: float) -> float:
    """Distance to the best known objective, between 0 and 1: 1 without a plan or where the signs differ.

    |best - objective| / max(|best|, |objective|), as in Berthold, Measuring the impact of primal heuristics,
    Operations Research Letters 41 (2013).
    """
    if objective is None or objective * best < 0:
        return 1.0
    size = max(abs(best), abs(objective))
    return 0.0 if size == 0 else abs(best - objective) / size


def primal_integral(trace: Trace, best: float, seconds: float) -> float:
    """Integral of the primal gap over the first `seconds`, in seconds: small where good plans come early."""
    times = [min(point.t, seconds) for point in trace] + [seconds]
    gaps = [1.0] + [primal_gap(point.objective, best) for point in trace]
    return float(np.dot(np.diff([0.0, *times]), gaps))


def thinned(trace: Trace, most: int = 24) -> list[Point]:
    """At most `most` points that change something: the first plan, the last, and others evenly in log time."""
    changed = [point for before, point in zip([None, *trace], trace, strict=False) if _differs(before, point)]
    if len(changed) <= most:
        return changed
    first = next((place for place, point in enumerate(changed) if point.objective is not None), 0)
    times = np.log(np.maximum([point.t for point in changed], 1e-3))
    wanted = np.linspace(times[0], times[-1], most - 1)
    places = np.searchsorted(times, wanted, side="right") - 1
    keep = sorted({first, len(changed) - 1, *np.clip(places, 0, len(changed) - 1).tolist()})
    return [changed[place] for place in keep]


def _differs(before: Point | None, point: Point) -> bool:
    return before is None or (before.objective, before.bound) != (point.objective, point.bound)
