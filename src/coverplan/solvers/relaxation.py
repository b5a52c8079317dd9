"""The linear relaxation and its row prices."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from ortools.math_opt import parameters_pb2

from coverplan.mip.program import Floats, Program, Status
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers import mathopt
from coverplan.solvers.search import Ended, contradicts_itself

SIMPLEX_MOST_ENTRIES = 200_000
"""Above this many matrix entries HiGHS' interior point method is tried first; below, its dual simplex.

Measured on generalised assignment programs with soft targets: 1,000 seats x 20 reps x 8 (50,000 entries) 0.2 s by
either; 20,000 x 100 x 12 (750,000) 13 s by interior point, 16 s by simplex, 23 s by GLOP.
"""

INTERIOR_POINT_LEAST_S = 5.0
"""With less time left the simplex goes first: HiGHS' interior point method forgets a limit that has already passed."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The optimum of the linear relaxation.

    `row_prices` has one price per row, in the program's own units: what one more unit of the row's bound is worth.
    Positive where the upper side binds, negative where the lower side binds, so an upper bound on the integer optimum
    is `max over x in the box of (objective - row_prices @ matrix) @ x` plus the priced bounds.
    `status` is OPTIMAL or INFEASIBLE; an infeasible relaxation proves the program infeasible and has no numbers.
    """

    status: Status
    objective: float | None = None
    x: Floats | None = None
    row_prices: Floats | None = None


def relaxation(program: Program, time_limit_s: float) -> Relaxation | None:
    """Solve the linear relaxation; None where it was not solved in time."""
    began = time.monotonic()
    given = replace(program, integer=np.zeros_like(program.integer))
    if contradicts_itself(given):
        return Relaxation(Status.INFEASIBLE)
    if program.objective.size == 0:
        return Relaxation(Status.OPTIMAL, program.offset, np.zeros(0), np.zeros(program.row_lower.size))
    scaled = scale(given)
    model = mathopt.to_proto(scaled.program)
    large = program.matrix.nnz > SIMPLEX_MOST_ENTRIES
    for method in ("ipm", "simplex") if large and time_limit_s >= INTERIOR_POINT_LEAST_S else ("simplex", "ipm"):
        remaining = time_limit_s - (time.monotonic() - began)
        result = _run(model, method, remaining) if remaining > 0.0 else None
        if result is None:
            continue
        ended = mathopt.ended(result)
        if ended is Ended.COMPLETE:
            return _solved(program, scaled, result.solutions[0])
        return Relaxation(Status.INFEASIBLE) if ended is Ended.INFEASIBLE else None
    return None


def _run(model: mathopt.Model, method: str, time_limit_s: float) -> mathopt.SolveResult | None:
    """One attempt; None where HiGHS gave up for numerical reasons, which the next method may not share."""
    parameters = parameters_pb2.SolveParametersProto()
    mathopt.time_limit(parameters, time_limit_s)
    parameters.highs.string_options["solver"] = method
    try:
        return mathopt.call(parameters_pb2.SOLVER_TYPE_HIGHS, model, parameters)
    except mathopt.SolverError:
        return None


def _solved(program: Program, scaled: Scaled, solution: mathopt.Solution) -> Relaxation:
    x = scaled.point(mathopt.dense(solution.primal_solution.variable_values, program.objective.size))
    prices = mathopt.dense(solution.dual_solution.dual_values, program.row_lower.size)
    return Relaxation(Status.OPTIMAL, program.value(x), x, scaled.prices(prices))
