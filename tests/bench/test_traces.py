"""Measures that are read off traces, by hand arithmetic."""

import pytest
from benchmarks.traces import Point, first_plan, gap_at, of_events, primal_gap, primal_integral, thinned, within

TRACE = [
    Point(1.0, None, 120.0),
    Point(2.0, 80.0, 120.0),
    Point(6.0, 80.0, 100.0),
    Point(8.0, 100.0, 100.0),
]


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (0.5, None),  # nothing is known
        (1.5, None),  # a bound, no plan
        (2.0, 0.5),  # (120 - 80) / 80
        (7.0, 0.25),  # (100 - 80) / 80
        (60.0, 0.0),  # the last point holds
    ],
)
def test_gap_at_a_time_is_that_of_the_last_point_before_it(t: float, expected: float | None) -> None:
    """The relative gap is measured on the objective."""
    assert gap_at(TRACE, t) == (None if expected is None else pytest.approx(expected))


def test_primal_integral_adds_the_gap_times_how_long_it_lasted() -> None:
    """No plan for 2 s: 2 x 1. Then 80 of 100 for 6 s: 6 x 0.2 = 1.2. Then the best for 2 s: 0. Together 3.2."""
    assert primal_integral(TRACE, best=100.0, seconds=10.0) == pytest.approx(3.2)


def test_primal_integral_ends_at_the_limit() -> None:
    """2 x 1, then 3 s x 0.2 = 0.6; what came after 5 s does not count."""
    assert primal_integral(TRACE, best=100.0, seconds=5.0) == pytest.approx(2.6)


def test_primal_integral_of_silence_is_the_limit() -> None:
    """A gap of 1 throughout."""
    assert primal_integral([], best=100.0, seconds=30.0) == 30.0


@pytest.mark.parametrize(
    ("objective", "best", "expected"),
    [
        (None, 10.0, 1.0),
        (-5.0, 10.0, 1.0),  # signs differ
        (8.0, 10.0, 0.2),
        (-12.0, -10.0, 2 / 12),  # the larger of the two sizes
        (0.0, 0.0, 0.0),
    ],
)
def test_primal_gap_lies_between_0_and_1(objective: float | None, best: float, expected: float) -> None:
    """Berthold's definition."""
    assert primal_gap(objective, best) == pytest.approx(expected)


def test_first_plan_and_time_to_a_gap() -> None:
    """The bound of 1 s is no plan; 50 % at 2 s, 25 % at 6 s, 0 at 8 s."""
    assert first_plan(TRACE) == 2.0
    assert within(TRACE, 0.3) == 6.0
    assert within(TRACE[:2], 0.3) is None


def test_events_become_points_that_only_improve_and_loading_is_taken_off() -> None:
    """Half a second of the time since the start was loading; the worse bound and plan change nothing."""
    events = [
        {"event": "start", "load_seconds": 1.0},
        {"event": "bound", "t": 1.0, "bound": 50.0},
        {"event": "point", "t": 1.5, "objective": 40.0},
        {"event": "bound", "t": 2.0, "bound": 60.0},
        {"event": "aside", "load": 0.5, "after": 0.0},
        {"event": "end", "t": 2.0, "status": "feasible"},
    ]

    assert of_events(events) == [Point(0.5, None, 50.0), Point(1.0, 40.0, 50.0), Point(1.5, 40.0, 50.0)]


def test_a_thinned_trace_keeps_the_first_plan_and_the_end() -> None:
    """1,000 improvements become at most ten, in order."""
    trace = [Point(0.01 * k, None if k < 37 else float(k), 2_000.0 - k) for k in range(1, 1_001)]

    kept = thinned(trace, most=10)

    assert len(kept) <= 10
    assert kept[-1] == trace[-1]
    assert first_plan(kept) == first_plan(trace)
    assert kept == sorted(kept)
