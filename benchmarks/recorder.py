"""What a contender says of itself while it runs: a trace of JSON lines, and its best choice beside it.

Only numpy is needed, so that a contender in another virtual environment can use it too. Everything is on disk at once:
what a contender reached before it crashed or was killed is not lost.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TRACE, CHOICE = "trace.jsonl", "choice.npy"
Ints = npt.NDArray[np.int64]


class Recorder:
    """Writes into a folder of its own; times count from `start`, when the contender has loaded its problem."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.objective: float | None = None
        (folder / TRACE).write_text("", encoding="utf-8")
        self._began = self._created = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """The problem is loaded: the clock starts."""
        self._began = time.monotonic()
        self._write(event="start", load_seconds=self._began - self._created)

    def point(self, objective: float, choice: Ints | None = None) -> None:
        """A plan; one that is no better than the last is dropped."""
        if self.objective is not None and objective <= self.objective:
            return
        self.objective = objective
        if choice is not None:
            self.keep(choice)
        self._write(event="point", t=self.elapsed, objective=float(objective))

    def keep(self, choice: Ints) -> None:
        """Put a choice (column per unit, -1 for uncovered) in the place of the last one."""
        partial = self.folder / f"partial-{CHOICE}"
        np.save(partial, choice)
        partial.replace(self.folder / CHOICE)

    def bound(self, bound: float) -> None:
        """A proven upper bound."""
        if np.isfinite(bound):
            self._write(event="bound", t=self.elapsed, bound=float(bound))

    def aside(self, load: float, after: float) -> None:
        """Of the time since the start, these seconds were loading (at its start) and decoding or writing (just now)."""
        self._write(event="aside", load=load, after=after)
        self._began += after

    def end(self, **facts: Any) -> None:
        """The contender is done; its own peak memory goes with it, for a short peak is easily missed from outside."""
        self._write(event="end", t=self.elapsed, peak_memory_mb=_peak_memory_mb(), **facts)

    def _write(self, **fields: Any) -> None:
        with (self.folder / TRACE).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(fields) + "\n")


def _peak_memory_mb() -> float:
    """Most that this process ever occupied; `getrusage` would count what its parent occupied before the fork."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def read(folder: Path) -> list[dict[str, Any]]:
    """The events of a recorder, a torn last line dropped."""
    path = folder / TRACE
    events = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events
