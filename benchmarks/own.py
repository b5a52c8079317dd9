"""Coverplan itself, by its defaults: from the loaded problem to the plan document.

The clock starts when the problem's columns are loaded, so building the program counts; a peer's clock starts with the
finished arrays.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.contender import INSTANCE, Limits
from benchmarks.recorder import Recorder
from coverplan.cli.inputs import problem_bytes
from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem

PLAN = "plan.json"


def run(folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Solve and record; the plan document is written once the clock has stopped."""
    about = json.loads((folder / INSTANCE).read_text(encoding="utf-8"))
    problem = Problem.model_validate_json(problem_bytes(Path(about["problem"])))
    policy = Policy.model_validate_json(json.dumps(about["policy"]))
    options = Options(time_limit_s=limits.time_limit_s, relative_gap=limits.relative_gap)

    def hear(step: Progress) -> None:
        if step.objective_value is not None:
            recorder.point(step.objective_value)
        if step.dual_bound is not None:
            recorder.bound(step.dual_bound)

    recorder.start()
    plan = solve(problem, policy, options, listen=hear)
    took = plan.metrics.seconds
    recorder.aside(load=took["load"], decode=took["decode"])
    if plan.objective is not None:
        recorder.point(plan.objective.value)
    if plan.dual_bound is not None:
        recorder.bound(plan.dual_bound)
    recorder.end(status=plan.solution_status, method=plan.method.used, notes=plan.notes)
    (recorder.folder / PLAN).write_text(plan.model_dump_json(), encoding="utf-8")
