"""Bars in seconds, on a machine that other tests share."""

from __future__ import annotations

from collections.abc import Callable

TRIES = 3


def within(seconds: float, trial: Callable[[], float]) -> bool:
    """Whether a trial takes less; it is made again if not, as the tests beside it may hold the processors for once."""
    return any(trial() < seconds for _ in range(TRIES))
