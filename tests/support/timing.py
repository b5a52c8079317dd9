"""Bars in seconds, on a machine that other tests share."""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 3
PATIENCE_S = 150.0
"""How long is waited for what takes a few seconds: on a machine under load it may take twenty times as long."""


def within(seconds: float, trial: Callable[[], float]) -> bool:
    """Whether a trial takes less; it is made again if not, as the tests beside it may hold the processors for once."""
    return any(trial() < seconds for _ in range(TRIES))


def look_again(began: float) -> None:
    """Pause before another look, the longer the more time has passed: asking costs what is waited for its processor."""
    time.sleep(min(0.2, 0.05 + (time.monotonic() - began) / 20))
