"""Coverplan itself, by its defaults: from the loaded problem to the plan, a document or a table as the problem is.

The clock starts when the problem's columns are loaded, so building the program counts; a peer's clock starts with the
finished arrays.
"""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.contender import INSTANCE, Limits
from benchmarks.recorder import Recorder
from coverplan.payload.answer import solve
from coverplan.payload.options import Options
from coverplan.payload.plan import Progress
from coverplan.payload.policy import Policy
from coverplan.payload.problem import Problem
from coverplan.payload.requests import BookRequest
from coverplan.tables.bulk.solve import solve as solve_book

PLAN, TABLE = "plan.json", "plan.parquet"


def run(folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Solve and record; the plan document is written once the clock has stopped."""
    about = json.loads((folder / INSTANCE).read_text(encoding="utf-8"))
    problem, policy = Path(about["problem"]), Policy.model_validate_json(json.dumps(about["policy"]))
    options = Options(time_limit_s=limits.time_limit_s, relative_gap=limits.relative_gap)

    def hear(step: Progress) -> None:
        if step.objective_value is not None:
            recorder.point(step.objective_value)
        if step.dual_bound is not None:
            recorder.bound(step.dual_bound)

    if problem.is_dir():
        recorder.start()
        table = str(recorder.folder / TABLE)
        plan = solve_book(BookRequest(folder=str(problem), policy=policy, options=options, table=table), hear, None)
    else:
        facts = Problem.model_validate_json(problem.read_bytes())
        recorder.start()
        plan = solve(facts, policy, options, listen=hear)
        (recorder.folder / PLAN).write_text(plan.model_dump_json(), encoding="utf-8")
    took = plan.metrics.seconds
    solving = sum(took.values()) - took["load"] - took["decode"]
    recorder.aside(load=took["load"], after=max(0.0, recorder.elapsed - took["load"] - solving))
    if plan.objective is not None:
        recorder.point(plan.objective.value)
    if plan.dual_bound is not None:
        recorder.bound(plan.dual_bound)
    recorder.end(
        status=plan.solution_status,
        method=plan.method.used,
        notes=plan.notes,
        pairs=plan.metrics.pairs,
        rows=plan.metrics.rows,
    )
