"""Generalised assignment instances (Chu & Beasley 1997; Yagiura, Ibaraki & Glover 2004) as problems of pairs.

    python -m benchmarks.instances.gap a05100 --out build/a05100.json

writes the problem and, beside it, `gap_policy.json`. Costs are minimised there and become negative values here, so the
objective of a plan is minus the cost. The instances lie in `../shared/data/gap`, beside the clone.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "gap"
POLICY: dict[str, Any] = {"name": "GAP", "constraints": [{"kind": "capacity"}, {"kind": "must_cover"}]}


def available() -> bool:
    """Whether the instances lie beside the clone."""
    return (FOLDER / "best_known.csv").exists()


def best_known() -> dict[str, tuple[int, int]]:
    """Lower bound and best known cost of each instance."""
    with (FOLDER / "best_known.csv").open() as lines:
        return {row["instance"]: (int(row["lower_bound"]), int(row["best_known"])) for row in csv.DictReader(lines)}


def read(name: str) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """Costs and resources, agents x jobs, and capacities."""
    numbers = iter(map(int, (FOLDER / name).read_text().split()))
    agents, jobs = next(numbers), next(numbers)
    costs = [[next(numbers) for _ in range(jobs)] for _ in range(agents)]
    resources = [[next(numbers) for _ in range(jobs)] for _ in range(agents)]
    return costs, resources, [next(numbers) for _ in range(agents)]


def problem(name: str) -> dict[str, Any]:
    """The instance as a problem document: agents are reps, jobs are accounts."""
    costs, resources, capacities = read(name)
    agents, jobs = range(len(costs)), range(len(costs[0]))
    return {
        "reps": [{"id": f"agent-{agent}", "capacity_hours": capacities[agent]} for agent in agents],
        "accounts": [{"id": f"job-{job}"} for job in jobs],
        "pairs": [
            {
                "account_id": f"job-{job}",
                "rep_id": f"agent-{agent}",
                "value": -costs[agent][job],
                "hours": resources[agent][job],
            }
            for job in jobs
            for agent in agents
        ],
    }


def main() -> None:
    """Write one instance as a problem."""
    parser = argparse.ArgumentParser(description="Write a GAP instance as a problem document.")
    parser.add_argument("name")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(problem(arguments.name)))
    arguments.out.with_name("gap_policy.json").write_text(json.dumps(POLICY))


if __name__ == "__main__":
    main()
