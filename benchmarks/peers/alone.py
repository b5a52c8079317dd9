"""A general solver by itself on the arrays that Coverplan builds: no prices, no rounded start, one process."""

from __future__ import annotations

import time

from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice, to_choice, to_program
from coverplan.mip.program import Limits, Step
from coverplan.solvers.registry import backend


def run(name: str, formulation: Formulation, limits: Limits) -> tuple[Choice | None, float | None, float | None]:
    """Its best choice, its bound, and the seconds to its first point."""
    program = to_program(formulation)
    first: list[float] = []
    began = time.monotonic()

    def hear(step: Step) -> None:
        if step.x is not None and not first:
            first.append(time.monotonic() - began)

    result = backend(name).solve(program, limits, None, hear)
    choice = None if result.x is None else to_choice(formulation, result.x)
    return choice, result.dual_bound, first[0] if first else None
