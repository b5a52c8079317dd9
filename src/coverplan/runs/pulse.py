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
        self._ended = False

    def __call__(self, step: Progress) -> None:
        """Tell one step."""
        if self._report is None:
            return
        with self._lock:
            self._latest, self._last = step, time.monotonic()
            self._report(step)

    def beat(self) -> float:
        """Repeat the latest if it is time; returns when it will be time again."""
        with self._lock:
            now = time.monotonic()
            if now >= self._last + EVERY_S and self._report is not None and not self._ended:
                self._latest, self._last = replace(self._latest, t=now - self._began), now
                self._report(self._latest)
            return self._last + EVERY_S

    def __enter__(self) -> Self:
        if self._report is not None:
            self(self._latest)
            _heart.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _heart.discard(self)
        with self._lock:
            self._ended = True


class _Heart:
    """The thread that all pulses of a process share: starting one takes as long as a tiny solve's search."""

    def __init__(self) -> None:
        self._pulses: set[Pulse] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._resting = False

    def add(self, pulse: Pulse) -> None:
        with self._changed:
            self._pulses.add(pulse)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self._thread.start()
            elif self._resting:  # otherwise it wakes soon enough: a pulse is not due sooner than those before it
                self._changed.notify()

    def discard(self, pulse: Pulse) -> None:
        with self._changed:
            self._pulses.discard(pulse)

    def _beat(self) -> None:
        while True:
            with self._changed:
                self._resting = not self._pulses
                while not self._pulses:
                    self._changed.wait()
                self._resting = False
                pulses = list(self._pulses)
            due = min(self._due(pulse) for pulse in pulses)
            time.sleep(max(0.01, due - time.monotonic()))

    def _due(self, pulse: Pulse) -> float:
        try:
            return pulse.beat()
        except Exception:  # noqa: BLE001 - whoever listens is gone: the other pulses go on
            self.discard(pulse)
            return time.monotonic() + EVERY_S


_heart = _Heart()
