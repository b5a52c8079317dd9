"""The linear relaxation and its row prices."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from ortools.math_opt import parameters_pb2

from coverplan.mip.program import Floats, Program, Status
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers import mathopt
from coverplan.solvers.search import Ended

SIMPLEX_MOST_ENTRIES = 200_000
"""Above this many matrix entries HiGHS' interior point method is tried first; below, its dual simplex.

Measured on generalised assignment programs with soft targets: 1,000 seats x 20 reps x 8 (50,000 entries) 0.2 s by
either; 20,000 x 100 x 12 (750,000) 13 s by interior point, 16 s by simplex, 23 s by GLOP.
"""


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
    if program.objective.size == 0:
        return _without_columns(program)
    if (program.lower > program.upper).any() or (program.row_lower > program.row_upper).any():
        return Relaxation(Status.INFEASIBLE)
    scaled = scale(replace(program, integer=np.zeros_like(program.integer)))
    model = mathopt.to_proto(scaled.program)
    methods = ["simplex", "ipm"] if program.matrix.nnz <= SIMPLEX_MOST_ENTRIES else ["ipm", "simplex"]
    for method in methods:
        parameters = parameters_pb2.SolveParametersProto()
        mathopt.time_limit(parameters, max(0.01, time_limit_s - (time.monotonic() - began)))
        parameters.highs.string_options["solver"] = method
        try:
            result = mathopt.call(parameters_pb2.SOLVER_TYPE_HIGHS, model, parameters)
        except mathopt.SolverError:
            continue
        ended = mathopt.ended(result)
        if ended is Ended.COMPLETE:
            return _solved(program, scaled, result.solutions[0])
        if ended is Ended.INFEASIBLE:
            return Relaxation(Status.INFEASIBLE)
        if ended is Ended.TIME:
            return None
    return None


def _solved(program: Program, scaled: Scaled, solution: mathopt.Solution) -> Relaxation:
    x = mathopt.dense(solution.primal_solution.variable_values, program.objective.size)
    prices = mathopt.dense(solution.dual_solution.dual_values, program.row_lower.size)
    return Relaxation(Status.OPTIMAL, program.value(x), x, scaled.prices(prices))


def _without_columns(program: Program) -> Relaxation:
    if ((program.row_lower > 0.0) | (program.row_upper < 0.0)).any():
        return Relaxation(Status.INFEASIBLE)
    return Relaxation(Status.OPTIMAL, program.offset, np.zeros(0), np.zeros(program.row_lower.size))
