"""A deterministic experiment answers alike however many solves run at once, by the command and by the service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coverplan.tables.generate import generate
from support.cells import submit, wait
from support.command import call, write
from support.deployment import deployment

RULES = [
    {"kind": "capacity"},
    {"kind": "balance", "tolerance": 0.1, "penalty": 0.1},
    {"kind": "keep_current", "max_moved_share": 0.3, "penalty": 900.0},
]
SPEC: dict[str, Any] = {
    "grid": {
        "policy": {"constraints": RULES},
        "axes": [
            {"path": "/constraints/[id=balance]/tolerance", "values": [0.02, 0.1, 0.3]},
            {"path": "/constraints/[id=keep_current]/max_moved_share", "values": [0.05, 0.2, 0.5]},
        ],
    },
    "options": {"deterministic": True, "relative_gap": 0.03, "time_limit_s": 60},
}


def rows_of(results: dict[str, Any]) -> list[dict[str, Any]]:
    """What does not depend on the clock."""
    left_out = {"run_id", "progress"}
    rows = [{name: value for name, value in row.items() if name not in left_out} for row in results["rows"]]
    return [{**row, "metrics": {**row["metrics"], "seconds": None}} for row in rows]


def test_the_answer_is_the_same_whatever_ends_first(tmp_path: Path) -> None:
    """A gap of 3 % leaves room for many plans: one solve at a time by the service, four at a time by the command."""
    spec = {**SPEC, "problems": [{"problem": generate(accounts=24, reps=4, pairs=4, seed=3)}]}
    command = call("experiment", write(tmp_path, "spec.json", spec), "--out", tmp_path / "out", "--slots", 4)
    with deployment(tmp_path / "service") as running, running.client() as client:
        experiment_id = submit(client, spec)
        wait(client, experiment_id)
        results = client.get(f"/v1/experiments/{experiment_id}/results").json()
        plans = [client.get(f"/v1/runs/{row['run_id']}/plan").json() for row in results["rows"]]

    assert command.returncode == 0, command.stderr
    assert rows_of(results) == rows_of(json.loads((tmp_path / "out" / "results.json").read_text()))
    assert all(plan["reproducible"] for plan in plans)
