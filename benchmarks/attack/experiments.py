"""Many experiments at once: their comparisons keep to the slots, and each cell is solved once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import ledger
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.target import SLOTS, Probe, Target, postgres, target

PART = "experiments"
EXPERIMENTS, WORKERS = 40, 2
MOST_CHILDREN = 2 * SLOTS
"""Of a worker: those that work, and as many that are kept ready."""


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Forty of two tiny cells each."""
    outcome = Outcome(PART, f"{EXPERIMENTS} experiments at once, {WORKERS} workers of {SLOTS} slots")
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        running = stack.enter_context(target(folder, server, workers=WORKERS, warm_children=SLOTS))
        kept = stack.enter_context(ledger(running))
        with Probe(running) as probe, _Children(running) as children:
            for _ in effort.rounds(EXPERIMENTS):
                outcome.tried += 1
                kept.submit_experiment(1)
            settle(kept, outcome)
        outcome.slowest_probe_s = round(probe.slowest_s, 3)
        if children.most > MOST_CHILDREN:
            outcome.fault(f"a worker of {SLOTS} slots had {children.most} solver children at a time")
    yield outcome


class _Children:
    """Counts the solver children of each worker."""

    def __init__(self, running: Target) -> None:
        self.most = 0
        self._running = running
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count)

    def __enter__(self) -> _Children:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._over.wait(0.1):
            for worker in self._running.workers:
                self.most = max(self.most, sum(map(_solves, _children(worker.pid))))


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def _solves(child: psutil.Process) -> bool:
    try:
        return "coverplan.process.child" in child.cmdline()
    except psutil.Error:
        return False
