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


def test_nobody_listens() -> None:
    """Without a listener there is nothing to start."""
    running = threading.active_count()
    with Pulse(None, time.monotonic()) as pulse:
        pulse(Progress(0.0, None, None, "bound"))

        assert threading.active_count() == running
