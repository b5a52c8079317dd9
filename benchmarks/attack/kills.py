"""kill -9 of workers, of the service that works itself, and of the API while a hundred callers submit."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import Ledger, ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Death, Target, postgres, target
from support.deployment import slow
from support.timing import PATIENCE_S

PART = "kills"
KILLS, API_KILLS, CALLERS = 20, 3, 100
BAR_S = 5.0
_RUN_S = 2.0
_LATEST_S = 1.2
"""After its begin, a run is hit at a random moment up to this one."""
_GROUPS_EVERY = 5
"""Of so many kills one also hits a batch and an experiment."""
_BATCH_LINES, _SEEDS = 60, 2
_DOCUMENTS = [slow(_RUN_S), slow(_RUN_S, method="priced")]


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """All three."""
    with postgres() as server:
        with target(folder / "workers", server) as running:
            yield workers(running, effort)
        with target(folder / "api", server) as running:
            yield api(running, effort)
    with target(folder / "embedded", None) as running:
        yield embedded(running, effort)


def workers(running: Target, effort: Effort) -> Outcome:
    """A worker is killed in the middle of a run, until another one has begun it again."""
    outcome, moments, took = Outcome(PART, "kill -9 of a worker, PostgreSQL"), random.Random(4), list[float]()
    with ledger(running) as kept:
        kept.begin_traffic()
        for number in effort.rounds(KILLS):
            run_id = _hit(running, kept, number, moments)
            victim = running.worker_of(run_id)
            death = Death(victim)
            running.workers.remove(victim)
            took.append(_taken_over(running, run_id, death, outcome))
            running.start_worker()
            kept.wait(run_id)
            running.await_workers()
        outcome.takeovers.append(Takeover.of("taken over", took, BAR_S))
        return settle(kept, outcome)


def embedded(running: Target, effort: Effort) -> Outcome:
    """`coverplan serve` is killed with its worker beside it, and started again at once."""
    outcome, moments, took = Outcome(PART, "kill -9 of `coverplan serve`, SQLite"), random.Random(5), list[float]()
    with ledger(running) as kept:
        kept.begin_traffic()
        for number in effort.rounds(KILLS):
            run_id = _hit(running, kept, number, moments)
            if running.api is None:
                raise RuntimeError("it does not run")
            death = Death(running.api)
            running.start_api()
            took.append(_taken_over(running, run_id, death, outcome))
            kept.wait(run_id)
        outcome.takeovers.append(Takeover.of("goes on, restart included", took))
        return settle(kept, outcome)


def api(running: Target, effort: Effort) -> Outcome:
    """The API is killed while a hundred callers submit, who each submit again until they are heard."""
    outcome, back = Outcome(PART, f"kill -9 of the API under {CALLERS} submissions"), list[float]()
    with ledger(running) as kept, ThreadPoolExecutor(CALLERS) as callers:
        for _ in effort.rounds(API_KILLS):
            outcome.tried += 1
            acknowledged = threading.Semaphore(0)

            def submit(number: int, acknowledged: threading.Semaphore = acknowledged) -> None:
                kept.submit_tiny(number)
                acknowledged.release()

            calls = [callers.submit(submit, number) for number in range(CALLERS)]
            for _ in range(CALLERS // 4):
                acknowledged.acquire(timeout=PATIENCE_S)
            if running.api is None:
                raise RuntimeError("it does not run")
            death = Death(running.api)
            running.start_api("--role", "api")
            back.append(time.monotonic() - death.at)
            for call in calls:
                call.result()
        outcome.takeovers.append(Takeover.of("answers again", back))
        return settle(kept, outcome)


def _hit(running: Target, kept: Ledger, number: int, moments: random.Random) -> str:
    """A run that has been under way for a random while, others beside it."""
    if number % _GROUPS_EVERY == 0:
        kept.submit_batch(_BATCH_LINES)
        kept.submit_experiment(_SEEDS)
    run_id = kept.submit(_DOCUMENTS[number % 2])
    running.begun(run_id, 1)
    time.sleep(moments.uniform(0.0, _LATEST_S))
    return run_id


def _taken_over(running: Target, run_id: str, death: Death, outcome: Outcome) -> float:
    """Seconds from a death to the run's next begin."""
    outcome.tried += 1
    took = running.begun(run_id, 2) - death.at
    if left := death.left():
        outcome.fault(f"{left} solver processes outlived their worker")
    return took
