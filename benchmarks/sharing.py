"""Measure what the cells of an experiment gain from each other: one experiment against as many separate runs.

    python -m benchmarks.sharing [--accounts N] [--reps M] [--side S] [--gap G] [--out build/bench]

The same problem, policies and options, S tolerances x S move caps, first as runs of their own, then as an experiment,
by the same worker with two slots; the time of the experiment includes the comparison. Each plan of both is proven to
the same gap, or stopped by the same time limit; how many were is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from benchmarks.figures import Figure, put
from coverplan.payload.experiments.checks import check_experiment
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.tables.generate import generate
from support.cells import cells, submit, wait
from support.deployment import Deployment, deployment

PATIENCE_S = 7200.0


def request_of(accounts: int, reps: int, side: int, gap: float) -> dict[str, Any]:
    """A grid of policies on a generated book."""
    rules = [
        {"kind": "capacity"},
        {"kind": "balance", "measure": "revenue", "tolerance": 0.1},
        {"kind": "keep_current", "max_moved_share": 0.2},
    ]
    tolerances = [round(0.25 + 0.25 * place / side, 4) for place in range(side)]
    caps = [round(0.3 + 0.3 * place / side, 4) for place in range(side)]
    return {
        "name": "sharing",
        "problems": [{"problem": generate(accounts, reps, pairs=12, seed=1)}],
        "grid": {
            "policy": {"constraints": rules},
            "axes": [
                {"path": "/constraints/[id=balance]/tolerance", "values": tolerances},
                {"path": "/constraints/[id=keep_current]/max_moved_share", "values": caps},
            ],
        },
        "options": {"time_limit_s": 20, "relative_gap": gap},
    }


def separately(running: Deployment, document: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """Seconds from the first call to the last plan, and the runs."""
    policies = check_experiment(ExperimentRequest.model_validate(document, strict=False))
    problem = document["problems"][0]["problem"]
    began = time.perf_counter()
    made = [
        running.submit({"problem": problem, "policy": one.policy.filled(), "options": document["options"]})
        for one in policies
    ]
    states = [running.wait(run_id, seconds=PATIENCE_S) for run_id in made]
    return time.perf_counter() - began, states


def together(running: Deployment, document: dict[str, Any]) -> tuple[float, list[dict[str, Any]]]:
    """Seconds from the call to the comparison, and the cells."""
    with running.client() as client:
        began = time.perf_counter()
        experiment_id = submit(client, document)
        wait(client, experiment_id, PATIENCE_S)
        return time.perf_counter() - began, cells(client, experiment_id)


def main() -> None:
    """Print the figures and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--reps", type=int, default=10)
    parser.add_argument("--side", type=int, default=10)
    parser.add_argument("--gap", type=float, default=0.005)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    given = parser.parse_args()
    document = request_of(given.accounts, given.reps, given.side, given.gap)
    what = f"{given.side**2} cells of {given.accounts} x {given.reps}, gap {given.gap:g}"
    took = {}
    with tempfile.TemporaryDirectory() as folder, deployment(Path(folder), slots=2) as running:
        for name, way in (("separate runs", separately), ("one experiment", together)):
            seconds, ended = way(running, document)
            proven = sum(one["gap"] is not None and one["gap"] <= given.gap for one in ended)
            print(f"{name}: {seconds:.1f} s, {proven} of {len(ended)} proven to the gap", flush=True)
            put(given.out, [Figure.of(name, what, [seconds])])
            took[name] = seconds
    print(f"ratio: {took['separate runs'] / took['one experiment']:.2f}")


if __name__ == "__main__":
    main()
