"""The answers that the OpenAPI document shows as they are given: `python -m support.shown`, or `make openapi`.

They answer `openapi/examples/minimal.json`, all but a comparison, which is that of the example of results.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import coverplan
from coverplan.api.reference.samples import Samples
from coverplan.api.reference.schemas import PLACE, schemas_of
from coverplan.payload import answer
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.leniency import read_answer
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.tables.experiments import experiment_csv
from coverplan.tables.plans import LineOfBatch, plan_table, seats_csv, table_csv

ANSWERS = Path(__file__).parents[2] / "openapi" / "examples" / "answers"
RUN = "run-0198b2c4d5e6a1b2c3d4e5f60718"
SHOWN_S = 0.1
"""Every time in the plan that is shown, as none is the same twice."""


def shown() -> dict[str, str]:
    """The text of each file."""
    problem = json.loads((ANSWERS.parent / "minimal.json").read_text(encoding="utf-8"))["problem"]
    plan = timeless(coverplan.solve(problem).model_dump(mode="json"))
    seats = plan_table(plan, problem)
    line = LineOfBatch(1, RUN, {"job_status": "completed", "solution_status": plan["solution_status"]}, seats)
    return {
        "plan.json": json.dumps(plan, indent=1, ensure_ascii=False) + "\n",
        "plan.csv": table_csv(seats),
        "seats.csv": seats_csv([line], header=True),
        "comparison.csv": _comparison(),
        **{f"program.{form}": _program(problem, form) for form in ("mps", "lp")},
    }


def timeless(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as it is shown: what differs from solve to solve is always the same."""
    metrics = plan["metrics"]
    seconds = dict.fromkeys(metrics["seconds"], SHOWN_S)
    progress = [{**metrics["progress"][-1], "t": SHOWN_S}]
    return {**plan, "metrics": {**metrics, "peak_memory_mb": 240.0, "seconds": seconds, "progress": progress}}


def _comparison() -> str:
    sample = Samples(schemas_of([ExperimentResults], "serialization")).of({"$ref": f"{PLACE}ExperimentResults"})
    return experiment_csv(read_answer(ExperimentResults, json.dumps(sample))).decode()


def _program(problem: dict[str, Any], form: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"program.{form}"
        answer.export(Problem.model_validate_json(json.dumps(problem)), Policy(), path)
        return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    ANSWERS.mkdir(exist_ok=True)
    for name, text in shown().items():
        (ANSWERS / name).write_text(text, encoding="utf-8", newline="")
