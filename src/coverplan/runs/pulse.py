"""A pulse: whoever listens to a run hears from it at least once a second, also while one long step is under way."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

from coverplan.runs.outcome import Progress, Report

EVERY_S = 0.8
"""Longest silence."""


class Pulse:
    """Passes progress on, and repeats the latest with the time that has passed. Used as a context manager."""

    def __init__(self, report: Report | None, began: float) -> None:
        self._report = report
        self._began = began
        self._latest = Progress(0.0, None, None, "build")
        self._last = -EVERY_S
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def __call__(self, step: Progress) -> None:
        """Tell one step."""
        if self._report is None:
            return
        with self._lock:
            self._latest, self._last = step, time.monotonic()
            self._report(step)

    def _beat(self) -> None:
        while not self._ended.wait(max(0.01, self._last + EVERY_S - time.monotonic())):
            with self._lock:
                silent = time.monotonic() - self._last >= EVERY_S
                latest = replace(self._latest, t=time.monotonic() - self._began)
            if silent:
                self(latest)

    def __enter__(self) -> Self:
        if self._report is not None:
            self(self._latest)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
