"""SCIP through OR-Tools MathOpt, which calls back for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from ortools.math_opt import callback_pb2, parameters_pb2

from coverplan.mip.program import Floats, Limits, Listener, Program, Result
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers import mathopt
from coverplan.solvers.base import Capabilities
from coverplan.solvers.search import Ended, Search, solve_with

_PROGRESS = re.compile(r"^..[\d. ]+s\|.*\|\s*(?P<bound>[-+\d.e]+)\s*\|[^|]*\|[^|]*\|[^|]*$")
_LOG_ROUNDING = 5e-7
"""Half a unit of the seventh digit, which is all that the log prints."""

FEASIBILITY_TOLERANCE = 1e-7
"""Not 1e-9, its own epsilon: there SCIP 10 called an assignment of 1,000 seats optimal that was 2.6e-6 below it."""


class Scip:
    """Its work limit counts branch-and-bound nodes."""

    name = "scip"
    capabilities = Capabilities(
        hints=True,
        streams_points=True,
        streams_bounds=True,
        deterministic=True,
        proves_infeasibility=True,
        exact_data=True,
    )

    def solve(
        self, program: Program, limits: Limits, start: Floats | None = None, listen: Listener | None = None
    ) -> Result:
        """Solve within the limits."""
        return solve_with(_drive, program, limits, start, listen)


def _drive(search: Search) -> Ended:
    scaled = scale(search.program)
    registration = callback_pb2.CallbackRegistrationProto()
    registration.request_registration.append(callback_pb2.CALLBACK_EVENT_MIP_SOLUTION)
    progress = _Progress(search, scaled)
    try:
        result = mathopt.call(
            parameters_pb2.SOLVER_TYPE_GSCIP,
            mathopt.to_proto(scaled.program),
            _parameters(search, scaled),
            start=None if search.start is None else scaled.scaled_point(search.start),
            messages=progress.hear,
            callback=progress.point,
            registration=registration,
        )
    except mathopt.SolverError as error:
        search.notes.append(f"SCIP failed: {error}")
        return Ended.FAILED
    return mathopt.conclude(search, scaled, result, parameters_pb2.SOLVER_TYPE_GSCIP)


def _parameters(search: Search, scaled: Scaled) -> parameters_pb2.SolveParametersProto:
    limits = search.limits
    parameters = parameters_pb2.SolveParametersProto()
    mathopt.time_limit(parameters, search.remaining())
    parameters.random_seed = limits.seed % 2**31
    parameters.relative_gap_tolerance = limits.relative_gap
    parameters.absolute_gap_tolerance = limits.absolute_gap * scaled.objective
    if limits.work_limit is not None:
        parameters.node_limit = int(limits.work_limit)
    parameters.gscip.real_params["numerics/feastol"] = FEASIBILITY_TOLERANCE
    return parameters


class _Progress:
    """Points come by callback; bounds by callback, and by log line between points."""

    def __init__(self, search: Search, scaled: Scaled) -> None:
        self.search = search
        self.scaled = scaled

    def hear(self, lines: Sequence[str]) -> None:
        """Take new log lines."""
        for line in lines:
            match = _PROGRESS.match(line)
            if match:
                bound = float(match["bound"])
                self.search.bounded(self.scaled.value(bound + _LOG_ROUNDING * abs(bound)))

    def point(self, data: callback_pb2.CallbackDataProto) -> callback_pb2.CallbackResultProto:
        """Take a new point and the bound that stands at that time."""
        state = data.mip_stats
        # A hint is reported before the tree exists, with a bound of 0 that means nothing.
        if (state.open_nodes or state.explored_nodes) and np.isfinite(state.dual_bound):
            self.search.bounded(self.scaled.value(state.dual_bound))
        values = mathopt.dense(data.primal_solution_vector, self.search.program.objective.size)
        self.search.found(self.scaled.point(values))
        return callback_pb2.CallbackResultProto()
