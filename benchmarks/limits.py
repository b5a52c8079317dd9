"""Measure how well time limits hold, and how soon a solve that is finished or cancelled by its caller is over.

    python -m benchmarks.limits [--sizes 85x35x35 1000x20x8 ...] [--runs N] [--out build/bench]

Each solve runs in a child process of the pool that the service and the command line use. Its limit counts from the
loaded problem; the overshoot is what passes beyond it until the caller has the plan, and again without decoding.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, put
from benchmarks.instances import books
from coverplan.cli.children import solver_children
from coverplan.payload.options import Options
from coverplan.payload.policy import Policy
from coverplan.payload.requests import BookRequest
from coverplan.process.job import Job, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.tables.generate import Shape

RUNS = {"85x35x35": 60, "1000x20x8": 60, "20000x100x12": 8, "100000x500x12": 3}
"""Runs per size: what fits ten minutes."""
LIMITS_S = {"85x35x35": 0.5, "1000x20x8": 1.0, "20000x100x12": 10.0, "100000x500x12": 40.0}
STOPS = 5
"""How often each size is finished and cancelled."""
STOP_AFTER_S = 0.3
PATIENCE_S = 120.0
"""Limit of a solve that is stopped long before."""


@dataclass
class Timing:
    """When a caller heard what, in seconds of the monotonic clock."""

    loaded: float | None = None
    asked: float | None = None
    answered: float | None = None
    plan: dict[str, Any] | None = None


async def timed(pool: SolverPool, job: Job, stop: str | None = None) -> Timing:
    """One solve; `stop` finishes or cancels it a moment after it has begun."""
    timing, begun = Timing(), asyncio.Event()

    def hear(_: dict[str, Any]) -> None:
        if timing.loaded is None:
            timing.loaded = time.monotonic()
            begun.set()

    run = await pool.submit(job, hear)
    if stop is not None:
        await begun.wait()
        await asyncio.sleep(STOP_AFTER_S)
        timing.asked = time.monotonic()
        if stop == "cancel":
            await run.cancel()
            timing.answered = time.monotonic()
            return timing
        run.finish()
    try:
        timing.plan = json.loads(await run.result())
    except JobFailedError:
        timing.plan = None
    timing.answered = time.monotonic()
    return timing


def overshoots(timings: list[Timing], limit: float) -> Iterator[tuple[float, float]]:
    """Seconds beyond the limit, and the same without decoding, of the solves that the limit stopped."""
    for timing in timings:
        if timing.loaded is None or timing.answered is None:
            continue
        decode = 0.0 if timing.plan is None else float(timing.plan["metrics"]["seconds"].get("decode", 0.0))
        if timing.plan is None or timing.plan["stopped_by"] == "time_limit":
            beyond = timing.answered - timing.loaded - limit
            yield beyond, beyond - decode


async def measure(size: str, runs: int, cache: Path) -> list[Figure]:
    """The figures of one size."""
    accounts, reps, pairs = map(int, size.split("x"))
    folder = books.make(Shape(accounts, reps, pairs, 1), cache)
    policy = Policy.model_validate_json(json.dumps({"constraints": books.CARVE}))
    limit = LIMITS_S.get(size, 5.0)

    def job(seconds: float) -> Job:
        options = Options(time_limit_s=seconds, relative_gap=0)
        table = str((cache / "limits.parquet").absolute())
        return Job.solve_book(BookRequest(folder=str(folder.absolute()), policy=policy, options=options, table=table))

    async with solver_children() as pool:
        beyond = list(overshoots([await timed(pool, job(limit)) for _ in range(runs)], limit))
        stopped = {
            stop: [await timed(pool, job(PATIENCE_S), stop) for _ in range(min(STOPS, runs))] for stop in STOP_WORDS
        }
    found = []
    if beyond:
        plan, solver = zip(*beyond, strict=True)
        found.append(Figure.of(f"beyond a limit of {limit:g} s, until the plan is there", size, plan))
        found.append(Figure.of(f"beyond a limit of {limit:g} s, without decoding the plan", size, solver))
    for stop, words in STOP_WORDS.items():
        waits = [timing.answered - timing.asked for timing in stopped[stop] if timing.asked and timing.answered]
        found.append(Figure.of(words, size, waits))
    return found


STOP_WORDS = {
    "cancel": "cancelled, until all its processes are gone",
    "finish": "finished, until the best plan is there",
}


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=list(RUNS), help="accounts x reps x pairs")
    parser.add_argument("--runs", type=int, help="per size")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    for size in given.sizes:
        found = asyncio.run(measure(size, given.runs or RUNS.get(size, 10), given.out))
        put(given.out, found)
        for figure in found:
            print(figure.line(), flush=True)


if __name__ == "__main__":
    main()
