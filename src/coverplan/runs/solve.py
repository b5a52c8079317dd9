"""Solve: candidates, formulation, then the method that suits the size."""

from __future__ import annotations

import time

from coverplan.runs.choice import knapsacks_of, method_of, size
from coverplan.runs.dense import DenseRun
from coverplan.runs.exact import ExactRun
from coverplan.runs.outcome import Checkpoint, Outcome, Report
from coverplan.runs.priced import PricedRun
from coverplan.runs.pulse import Pulse
from coverplan.runs.run import Request, Setting, formulate
from coverplan.runs.standing_run import Parts

__all__ = ["Request", "formulate", "solve"]


def solve(
    request: Request,
    report: Report | None = None,
    checkpoint: Checkpoint | None = None,
    parts: Parts | None = None,
) -> Outcome:
    """Solve within the limits; the answer is recounted from the decoded choice. `parts` are for measurements."""
    began = time.monotonic()
    with Pulse(report, began) as pulse:
        formulation = formulate(request)
        knapsacks = knapsacks_of(request, formulation)
        if knapsacks is not None:
            why = f"{size(formulation)}: hard capacities alone couple them, so whole knapsacks bound the plan"
            return DenseRun(request, formulation, Setting(pulse, checkpoint, began, why), knapsacks).answer()
        method, why = method_of(request, formulation)
        setting = Setting(pulse, checkpoint, began, why)
        if method == "priced":
            return PricedRun(request, formulation, setting, parts).answer()
        return ExactRun(request, formulation, setting).answer()
