"""Networks that fall silent or are cut between PostgreSQL and workers or the API, frozen workers, vanished machines."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import Ledger, ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Death, Probe, Target, postgres
from support.deployment import slow
from support.network import Network, network
from support.postgres import Postgres
from support.started import Started
from support.timing import PATIENCE_S

PART = "partitions"
SHORT_S, LONG_S = 8.0, 60.0
FROZEN_S = 12.0
VANISHED = 3
VANISHED_BAR_S = 15.0
_WORK_S = 20.0
"""Of a run that is under way when its worker is cut off for a short while."""
_AT_WORK_S = 1.0


@dataclass(frozen=True)
class Far:
    """A worker behind a network of its own."""

    process: Started
    network: Network
    name: str


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """All of them, each on a deployment of its own."""
    with postgres() as server:
        yield short("silent", Network.fall_silent, server, folder)
        yield short("reset", Network.cut, server, folder)
        yield everybody(server, folder)
        yield long(server, folder)
        yield frozen(server, folder)
        yield vanished(effort, server, folder)
        yield deaf_api(server, folder)


def short(word: str, strike: Callable[[Network], None], server: Postgres, folder: Path) -> Outcome:
    """One of two workers is cut off for about as long as its lease."""
    outcome = Outcome(PART, f"{SHORT_S:g} s between one of two workers and PostgreSQL, {word}", tried=1)
    with scene(folder / word, server, far=1, near=1) as (running, kept, (lost,)):
        mine = _at_work(running, kept, lost, _WORK_S, 2)
        strike(lost.network)
        time.sleep(SHORT_S)
        lost.network.recover()
        _comes_back(running, kept, lost, outcome)
        for run_id in mine:
            kept.wait(run_id)
        return settle(kept, outcome)


def everybody(server: Postgres, folder: Path) -> Outcome:
    """All workers are cut off at once, with a run each, and an experiment and a batch under way."""
    outcome = Outcome(PART, f"{SHORT_S:g} s between all workers and PostgreSQL, silent", tried=1)
    with scene(folder / "everybody", server, far=2, near=0) as (running, kept, far):
        kept.submit_experiment(4)
        kept.submit_batch(50)
        mine = [run_id for one in far for run_id in _at_work(running, kept, one, _WORK_S, 1)]
        for one in far:
            one.network.fall_silent()
        time.sleep(SHORT_S)
        for one in far:
            one.network.recover()
        for one in far:
            _comes_back(running, kept, one, outcome)
        for run_id in mine:
            kept.wait(run_id)
        return settle(kept, outcome)


def long(server: Postgres, folder: Path) -> Outcome:
    """One worker hears nothing for a minute, another is cut off; the third has their runs meanwhile."""
    outcome = Outcome(PART, f"{LONG_S:g} s between workers and PostgreSQL, one silent, one reset", tried=2)
    with scene(folder / "long", server, far=2, near=1) as (running, kept, far):
        mine = [run_id for one in far for run_id in _at_work(running, kept, one, LONG_S, 1)]
        began = time.monotonic()
        far[0].network.fall_silent()
        far[1].network.cut()
        took = [_taken_over(running, run_id, began, outcome) for run_id in mine]
        time.sleep(max(0.0, began + LONG_S - time.monotonic()))
        for one in far:
            one.network.recover()
            _comes_back(running, kept, one, outcome)
        for run_id in mine:
            kept.wait(run_id)
        outcome.takeovers.append(Takeover.of("taken over", took, VANISHED_BAR_S))
        return settle(kept, outcome)


def frozen(server: Postgres, folder: Path) -> Outcome:
    """A worker stands still (SIGSTOP) for longer than its lease, and goes on (SIGCONT)."""
    outcome = Outcome(PART, f"a worker frozen for {FROZEN_S:g} s", tried=1)
    with scene(folder / "frozen", server, far=1, near=1) as (running, kept, (still,)):
        mine = _at_work(running, kept, still, _WORK_S, 1)
        still.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        took = [_taken_over(running, run_id, began, outcome) for run_id in mine]
        time.sleep(max(0.0, began + FROZEN_S - time.monotonic()))
        still.process.send_signal(signal.SIGCONT)
        _comes_back(running, kept, still, outcome)
        outcome.takeovers.append(Takeover.of("taken over", took, VANISHED_BAR_S))
        return settle(kept, outcome)


def vanished(effort: Effort, server: Postgres, folder: Path) -> Outcome:
    """Machines are switched off: their workers are gone, and nothing closes their connections."""
    outcome, took = Outcome(PART, "machines that vanish, connections open"), list[float]()
    with scene(folder / "vanished", server, far=effort.of(VANISHED), near=1) as (running, kept, far):
        for one in far:
            (run_id,) = _at_work(running, kept, one, _WORK_S, 1)
            one.network.fall_silent()
            Death(one.process)
            began = time.monotonic()
            running.workers.remove(one.process)
            outcome.tried += 1
            took.append(_taken_over(running, run_id, began, outcome))
        outcome.takeovers.append(Takeover.of("taken over", took, VANISHED_BAR_S))
        return settle(kept, outcome)


def deaf_api(server: Postgres, folder: Path) -> Outcome:
    """The API hears nothing of its database: it says so, answers probes, and goes on."""
    outcome = Outcome(PART, f"{SHORT_S:g} s between the API and PostgreSQL, silent", tried=1)
    url = server.database()
    with ExitStack() as stack:
        between = stack.enter_context(network(url))
        running = Target(folder / "deaf", database_url=url)
        stack.callback(running.stop)
        running.env["COVERPLAN_DATABASE_URL"] = between.url
        running.start_api("--role", "api")
        running.env["COVERPLAN_DATABASE_URL"] = url
        running.start_worker()
        running.await_workers()
        kept = stack.enter_context(ledger(running))
        probe = stack.enter_context(Probe(running))
        kept.begin_traffic()
        run_id = kept.submit(slow(_WORK_S))
        running.begun(run_id, 1)
        between.fall_silent()
        time.sleep(SHORT_S)
        between.recover()
        began = time.monotonic()
        kept.submit_tiny()
        outcome.takeovers.append(Takeover.of("answers again", [time.monotonic() - began]))
        settle(kept, outcome)
        outcome.slowest_probe_s = round(probe.slowest_s, 3)
    return outcome


@contextmanager
def scene(folder: Path, server: Postgres, far: int, near: int) -> Iterator[tuple[Target, Ledger, list[Far]]]:
    """A deployment with so many workers far and near, under traffic."""
    url = server.database()
    with ExitStack() as stack:
        running = Target(folder, database_url=url)
        stack.callback(running.stop)
        running.start_api("--role", "api")
        places = [_far(running, stack.enter_context(network(url))) for _ in range(far)]
        for _ in range(near):
            running.start_worker()
        running.await_workers()
        workers = [Far(process, between, running.name_of(process)) for process, between in places]
        kept = stack.enter_context(ledger(running))
        kept.begin_traffic()
        yield running, kept, workers


def _far(running: Target, between: Network) -> tuple[Started, Network]:
    return running.start_worker(COVERPLAN_DATABASE_URL=between.url), between


def _at_work(running: Target, kept: Ledger, one: Far, seconds: float, count: int) -> list[str]:
    """So many runs that a worker is at: those that others have taken go on as well."""
    until, mine = time.monotonic() + PATIENCE_S, list[str]()
    while len(mine) < count:
        run_id = kept.submit(slow(seconds))
        if _takes(running, one, run_id):
            mine.append(run_id)
            continue
        kept.finish(run_id)
        if time.monotonic() > until:
            raise TimeoutError(f"{one.name} takes no run")
    time.sleep(_AT_WORK_S)
    return mine


def _taken_over(running: Target, run_id: str, began: float, outcome: Outcome) -> float:
    """Seconds until another worker has begun a run."""
    try:
        return running.begun(run_id, 2) - began
    except TimeoutError as error:
        outcome.fault(str(error))
        return PATIENCE_S


def _comes_back(running: Target, kept: Ledger, one: Far, outcome: Outcome) -> None:
    """Whoever was cut off is on the list again, and takes runs."""
    until = time.monotonic() + PATIENCE_S
    while one.name not in running.listed():
        if time.monotonic() > until:
            outcome.fault(f"{one.name} does not enrol again")
            return
        time.sleep(0.2)
    if one.process.poll() is not None:
        outcome.fault(f"{one.name} ended: {one.process.poll()}")
        return
    while not _takes(running, one, kept.submit_tiny()):
        if time.monotonic() > until:
            outcome.fault(f"{one.name} takes no run again")
            return


def _takes(running: Target, one: Far, run_id: str) -> bool:
    """Whether it is this worker that begins a run."""
    running.begun(run_id, 1)
    with contextlib.suppress(LookupError):
        return running.worker_of(run_id).pid == one.process.pid
    return False
