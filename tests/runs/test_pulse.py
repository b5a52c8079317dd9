"""Whoever listens hears from a run at least once a second."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

from coverplan.runs.outcome import Progress
from coverplan.runs.pulse import Pulse


def test_silence_is_filled_with_the_latest_state() -> None:
    """Nothing happens for 2.1 s: at least two repeats of what was said last, with the time that has passed."""
    heard: list[Progress] = []
    with Pulse(heard.append, time.monotonic()) as pulse:
        pulse(Progress(0.1, 5.0, 9.0, "bound"))
        time.sleep(2.1)

    repeats = [step for step in heard if step.phase == "bound"][1:]
    assert heard[0].phase == "build"
    assert len(repeats) >= 2
    assert all((step.objective_value, step.dual_bound) == (5.0, 9.0) for step in repeats)
    assert all(early.t <= late.t for early, late in pairwise(repeats))


def test_a_process_has_one_thread_for_all_pulses() -> None:
    """Three runs, one after the other and two at once: each hears its own state, and none once it has ended."""
    heard: dict[str, list[Progress]] = {"a": [], "b": [], "c": []}
    with Pulse(heard["a"].append, time.monotonic()):
        pass
    with Pulse(heard["b"].append, time.monotonic()) as first, Pulse(heard["c"].append, time.monotonic()) as second:
        first(Progress(0.1, 1.0, None, "bound"))
        second(Progress(0.1, 2.0, None, "search"))
        time.sleep(1.2)
        threads = [thread for thread in threading.enumerate() if thread.name == "pulse"]

    assert len(threads) == 1
    assert [step.phase for step in heard["a"]] == ["build"]
    assert [step.phase for step in heard["b"]] == ["build", "bound", "bound"]
    assert [step.phase for step in heard["c"]] == ["build", "search", "search"]


def test_a_listener_that_fails_silences_no_other() -> None:
    """The first cannot be told a second time; the second run is."""
    told: list[Progress] = []

    def fail(step: Progress) -> None:
        if step.t > 0.5:
            raise OSError("gone")

    with Pulse(fail, time.monotonic()), Pulse(told.append, time.monotonic()):
        time.sleep(1.2)

    assert len(told) == 2


def test_nobody_listens() -> None:
    """Without a listener there is nothing to start."""
    running = threading.active_count()
    with Pulse(None, time.monotonic()) as pulse:
        pulse(Progress(0.0, None, None, "bound"))

        assert threading.active_count() == running
