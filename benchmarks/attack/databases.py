"""PostgreSQL is stopped, or killed, under way, and started again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Probe, postgres, target
from support.deployment import slow
from support.postgres import Postgres

PART = "databases"
ROUNDS = 3
AWAY_S = 5.0
_RUN_S = 8.0
_AT_WORK_S = 1.0


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Each on a server of its own."""
    yield lost("stopped (fast)", Postgres.halt, effort, folder / "halted")
    yield lost("killed (kill -9)", Postgres.kill, effort, folder / "killed")


def lost(word: str, strike: Callable[[Postgres], None], effort: Effort, folder: Path) -> Outcome:
    """The server is away for a while, under traffic, and with a run, a batch and an experiment under way."""
    outcome, back = Outcome(PART, f"PostgreSQL {word}, back after {AWAY_S:g} s"), list[float]()
    with postgres() as server, target(folder, server) as running, ledger(running) as kept, Probe(running) as probe:
        kept.begin_traffic(0.2)
        for _ in effort.rounds(ROUNDS):
            outcome.tried += 1
            kept.submit_batch(60)
            kept.submit_experiment(2)
            run_id = kept.submit(slow(_RUN_S))
            running.begun(run_id, 1)
            time.sleep(_AT_WORK_S)
            strike(server)
            time.sleep(AWAY_S)
            server.resume()
            began = time.monotonic()
            kept.submit_tiny()
            back.append(time.monotonic() - began)
            kept.wait(run_id)
        outcome.takeovers.append(Takeover.of("accepts again", back))
        settle(kept, outcome)
        outcome.slowest_probe_s = round(probe.slowest_s, 3)
        if probe.failed:
            outcome.fault(f"{probe.failed} probes of a service that lives were not answered with 200")
    return outcome
