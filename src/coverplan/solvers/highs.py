"""HiGHS through OR-Tools MathOpt.

MathOpt never calls back for HiGHS: better points are read from the file that HiGHS writes them to, and bounds from its
log, each time a log line arrives.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ortools.math_opt import parameters_pb2

from coverplan.mip.program import Floats, Limits, Listener, Program, Result
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers import mathopt
from coverplan.solvers.base import Capabilities
from coverplan.solvers.search import Ended, Search, solve_with

_BOUND_LINE = re.compile(r"^.{3}\s*\S+\s+\S+\s+\S+\s+[\d.]+%\s+(?P<bound>\S+)\s+\S+\s+\S+\s+\d")
_LOG_ROUNDING = 5e-10
"""Half a unit of the tenth digit, which is the least that the log prints."""
LARGE_FROM = 1_500
"""Columns from which it pays to try more before branching, as HiGHS does of itself.

Below, nodes are cheap: to solve the root again with what is fixed by then, to search below its reduced costs, and to
branch on trial several times per column took more than half of the time.
"""


class Highs:
    """The default backend. Its work limit counts branch-and-bound nodes."""

    name = "highs"
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
    with tempfile.TemporaryDirectory(prefix="coverplan-") as folder:
        progress = Progress(search, scaled, Path(folder) / "improving.sol")
        try:
            result = mathopt.call(
                parameters_pb2.SOLVER_TYPE_HIGHS,
                mathopt.to_proto(scaled.program),
                _parameters(search, scaled, progress.file),
                start=None if search.start is None else scaled.scaled_point(search.start),
                messages=progress.hear,
            )
        except mathopt.SolverError as error:
            progress.read_points()
            search.notes.append(f"HiGHS failed: {error}")
            return Ended.FAILED
        progress.read_points()
    return mathopt.conclude(search, scaled, result, parameters_pb2.SOLVER_TYPE_HIGHS)


def _parameters(search: Search, scaled: Scaled, file: Path) -> parameters_pb2.SolveParametersProto:
    limits = search.limits
    parameters = parameters_pb2.SolveParametersProto()
    mathopt.time_limit(parameters, search.remaining())
    parameters.random_seed = limits.seed % 2**31
    if limits.work_limit is not None:
        parameters.node_limit = int(limits.work_limit)
    numbers = parameters.highs.double_options
    numbers["mip_rel_gap"] = limits.relative_gap
    numbers["mip_abs_gap"] = limits.absolute_gap * scaled.objective
    for name in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
        numbers[name] = 1e-9
    if len(scaled.program.objective) < LARGE_FROM:
        parameters.highs.bool_options["mip_allow_restart"] = False
        parameters.highs.bool_options["mip_heuristic_run_root_reduced_cost"] = False
        parameters.highs.int_options["mip_pscost_minreliable"] = 1
    parameters.highs.bool_options["mip_improving_solution_save"] = True
    parameters.highs.string_options["mip_improving_solution_file"] = str(file)
    return parameters


class Progress:
    """Follows the log and the file of improving solutions."""

    def __init__(self, search: Search, scaled: Scaled, file: Path) -> None:
        self.search = search
        self.scaled = scaled
        self.file = file
        self._position = 0

    def hear(self, lines: Sequence[str]) -> None:
        """Take new log lines; HiGHS prints one for each better point."""
        for line in lines:
            match = _BOUND_LINE.match(line)
            if match and (bound := float(match["bound"])) < np.inf:
                self.search.bounded(self.scaled.value(bound + _LOG_ROUNDING * abs(bound)))
        self.read_points()

    def read_points(self) -> None:
        """Report the file's new complete solutions; a torn last one waits for its rest."""
        if not self.file.exists() or self.file.stat().st_size <= self._position:
            return
        columns = self.search.program.objective.size
        with self.file.open("rb") as stream:
            stream.seek(self._position)
            text = stream.read()
        blocks = text.split(b"Objective ")[1:]
        for block in blocks:
            lines = block.split(b"\n", 2)
            values = lines[2].split() if len(lines) == 3 and block.endswith(b"\n") else []
            if len(values) != columns:
                return
            self._position += len(b"Objective ") + len(block)
            self.search.found(self.scaled.point(np.array(values, dtype=np.float64)))
