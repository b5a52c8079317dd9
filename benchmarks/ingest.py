"""Measure how a dataset is taken in: uploaded, checked, and loaded until its first solve begins.

    python -m benchmarks.ingest [--size 1000000x5000x12] [--out build/bench]

The service, one worker and PostgreSQL are processes of their own, started as the tests start them. Memory is that of
the service and the worker with all their children, shared pages counted once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import psutil

from benchmarks.figures import Figure, put
from benchmarks.instances import books
from coverplan.client import Client
from coverplan.tables.generate import Shape
from support.deployment import Deployment, deployment, descendants
from support.postgres import Postgres

LOOK_S = 0.2


@contextmanager
def peak(running: Deployment) -> Iterator[list[int]]:
    """A list that grows by the bytes in use, now and then, as long as the block lasts."""
    seen, over = [0], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_S):
            seen.append(sum(map(_bytes, _processes(running))))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def measure(running: Deployment, folder: Path, size: str) -> Iterator[Figure]:
    """The figures of one book."""
    head = json.loads((folder / "problem.json").read_text(encoding="utf-8"))
    with Client(running.url) as client, peak(running) as used:
        began = time.perf_counter()
        dataset_id = client.datasets.create(problem=head).dataset_id
        for table in sorted(folder.glob("*.parquet")):
            client.datasets.put_table(dataset_id, table.stem, table)  # type: ignore[arg-type]
        sent = time.perf_counter()
        client.datasets.commit(dataset_id)
        state = client.datasets.wait(dataset_id)
        if not state.valid:
            raise RuntimeError(f"the book is not sound: {state}")
        checked = time.perf_counter()
        request = {"dataset_id": dataset_id, "policy": {"constraints": books.CARVE}, "options": {"time_limit_s": 600}}
        run_id = running.submit(request)
        while running.state(run_id)["phase"] in (None, "load"):
            time.sleep(LOOK_S)
        begun = time.perf_counter()
        print(f"{size}: {begun - began:.1f} s until its solve begins, {max(used) / 2**30:.2f} GB at most")
        with running.client() as plain:
            plain.post(f"/v1/runs/{run_id}/cancel").raise_for_status()
        running.wait(run_id)
    yield Figure.of("dataset, until it is uploaded", size, [sent - began])
    yield Figure.of("dataset, from its commit until it is checked", size, [checked - sent])
    yield Figure.of("run of a dataset, until its solve begins", size, [begun - checked])


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1000000x5000x12", help="accounts x reps x pairs")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    accounts, reps, pairs = map(int, given.size.split("x"))
    folder = books.make(Shape(accounts, reps, pairs, 1), given.out)
    server = Postgres()
    try:
        with (
            tempfile.TemporaryDirectory() as place,
            deployment(Path(place), database_url=server.database(), log_level="info") as running,
        ):
            for figure in measure(running, folder, given.size):
                print(figure.line(), flush=True)
                put(given.out, [figure])
    finally:
        server.stop()


def _processes(running: Deployment) -> list[psutil.Process]:
    pids = [process.pid for process in (running.api, *running.workers) if process is not None]
    return [one for pid in pids for one in (psutil.Process(pid), *descendants(pid))]


def _bytes(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


if __name__ == "__main__":
    main()
