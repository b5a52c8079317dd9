"""Measure what `POST /v1/solve` costs over the solver itself, and how soon 5 MB of errors are answered.

    python -m benchmarks.overhead [--calls N] [--out build/bench]

A service of its own is started; the problem has 85 accounts x 35 reps. The overhead of a call is its time at the
client less the seconds that its own plan reports, so that only what surrounds the solver counts.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.figures import Figure, put
from coverplan.tables.generate import generate

JSON = {"Content-Type": "application/json"}


@contextmanager
def service() -> Iterator[httpx.Client]:
    """A client of a new service that is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "COVERPLAN_PORT": str(port), "COVERPLAN_LOG_LEVEL": "warning"}
    process = subprocess.Popen(
        [sys.executable, "-c", "from coverplan.api.serve import run; run(with_worker=False)"], env=environment
    )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False, headers=JSON)
    try:
        while not _ready(client):
            time.sleep(0.1)
        yield client
    finally:
        client.close()
        process.terminate()
        process.wait()


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def small() -> bytes:
    """A problem that is solved in a fraction of a second."""
    policy = {"constraints": [{"kind": "capacity"}]}
    options = {"time_limit_s": 10, "relative_gap": 0.1}
    return json.dumps({"problem": generate(85, 35, 35, 1), "policy": policy, "options": options}).encode()


def full_of_errors() -> bytes:
    """More than 5 MB: every account lies in a territory that does not exist, every second has an unknown field."""
    accounts = [
        {"id": f"account-{i}", "name": "x" * 60, "territory_id": "nowhere", "oops" if i % 2 else "potential": 1.5}
        for i in range(42_000)
    ]
    return json.dumps({"problem": {"accounts": accounts, "reps": [{"id": "r"}]}}).encode()


def post(client: httpx.Client, body: bytes) -> tuple[float, Any]:
    """Seconds of a call, and its answer."""
    began = time.perf_counter()
    response = client.post("/v1/solve", content=body)
    return time.perf_counter() - began, response.json()


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    with service() as client:
        body = small()
        for _ in range(5):
            post(client, body)
        answers = [post(client, body) for _ in range(given.calls)]
        over = [seconds - sum(plan["metrics"]["seconds"].values()) for seconds, plan in answers]
        wrong = full_of_errors()
        waits = [post(client, wrong)[0] for _ in range(5)]
    found = [
        Figure.of("POST /v1/solve", "85x35x35", [seconds for seconds, _ in answers]),
        Figure.of("POST /v1/solve, over the solver", "85x35x35", over),
        Figure.of("POST /v1/solve, a body full of errors", f"{len(wrong) / 1e6:.1f} MB", waits),
    ]
    put(given.out, found)
    for figure in found:
        print(figure.line())


if __name__ == "__main__":
    main()
