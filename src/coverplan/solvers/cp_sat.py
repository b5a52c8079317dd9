"""CP-SAT, natively: the program in whole numbers (see `mip.integers`)."""

from __future__ import annotations

import numpy as np
from ortools.sat.python import cp_model

from coverplan.mip.integers import IntegerProgram, Integers, to_integers
from coverplan.mip.program import Floats, Limits, Listener, Program, Result
from coverplan.solvers.base import Capabilities
from coverplan.solvers.search import Ended, Search, solve_with

WORKERS = 2


class CpSat:
    """Two workers; one in deterministic mode. Its work limit is CP-SAT's deterministic time."""

    name = "cp_sat"
    capabilities = Capabilities(
        hints=True,
        streams_points=True,
        streams_bounds=True,
        deterministic=True,
        proves_infeasibility=True,
        exact_data=False,
    )

    def solve(
        self, program: Program, limits: Limits, start: Floats | None = None, listen: Listener | None = None
    ) -> Result:
        """Solve within the limits."""
        return solve_with(_drive, program, limits, start, listen)


def _drive(search: Search) -> Ended:
    program = to_integers(search.program)
    search.notes.extend(program.notes)
    if (program.row_lower > program.row_upper).any():
        return _infeasible(search, program)
    model = _model(program, search.start)
    solver = cp_model.CpSolver()
    _set_parameters(solver.parameters, search)
    points = _Points(search, program)
    if program.valid_bound:
        solver.best_bound_callback = search.bounded
    status = solver.solve(model, points)
    response = solver.response_proto
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        search.found(program.point(np.array(response.solution, dtype=np.int64)))
    if status == cp_model.MODEL_INVALID:
        search.notes.append(f"CP-SAT refused the model: {model.validate()}")
        return Ended.FAILED
    if status == cp_model.INFEASIBLE:
        return _infeasible(search, program)
    if program.valid_bound and status != cp_model.UNKNOWN:
        search.bounded(response.best_objective_bound)
    if status == cp_model.OPTIMAL:
        return Ended.COMPLETE
    work = search.limits.work_limit
    return Ended.WORK if work is not None and response.deterministic_time >= 0.999 * work else Ended.TIME


def _infeasible(search: Search, program: IntegerProgram) -> Ended:
    if program.valid_bound:
        return Ended.INFEASIBLE
    search.notes.append("infeasible once rounded to integers, which proves nothing")
    return Ended.FAILED


def _set_parameters(parameters: cp_model.SatParameters, search: Search) -> None:
    limits = search.limits
    parameters.max_time_in_seconds = search.remaining()
    parameters.random_seed = limits.seed % 2**31
    parameters.num_workers = 1 if limits.deterministic or limits.work_limit is not None else WORKERS
    parameters.relative_gap_limit = limits.relative_gap
    parameters.absolute_gap_limit = limits.absolute_gap
    # With it, presolve cuts off optima (OR-Tools 9.15, issue 5293).
    parameters.presolve_inclusion_work_limit = 0
    if limits.work_limit is not None:
        parameters.max_deterministic_time = limits.work_limit


def _model(program: IntegerProgram, start: Floats | None) -> cp_model.CpModel:
    """One call per row, none per column: columns of the same domain share one line of text."""
    model = cp_model.CpModel()
    proto = model.proto
    domains, which = np.unique(np.stack([program.lower, program.upper], axis=1), axis=0, return_inverse=True)
    lines = np.array([f"variables {{ domain: [{low}, {high}] }}" for low, high in domains.tolist()], dtype=object)
    proto.parse_text_format("\n".join(lines[which.ravel()]))
    _add_rows(proto, program)
    used = np.flatnonzero(program.objective)
    # CP-SAT minimises; a negative scaling factor makes it report our maximum.
    proto.objective.vars.extend(used)
    proto.objective.coeffs.extend(-program.objective[used])
    proto.objective.scaling_factor = -1.0 / program.factor
    proto.objective.offset = -program.offset * program.factor
    if start is not None:
        proto.solution_hint.vars.extend(np.arange(start.size))
        proto.solution_hint.values.extend(program.image(start))
    return model


def _add_rows(proto: cp_model.CpModelProto, program: IntegerProgram) -> None:
    matrix = program.matrix
    binary = (program.lower == 0) & (program.upper == 1)
    plain = np.minimum.reduceat(np.append(binary[matrix.indices] & (matrix.data == 1), True), matrix.indptr[:-1]) & (
        np.diff(matrix.indptr) > 0
    )
    one = plain & (program.row_lower == 1) & (program.row_upper == 1)
    for row, (begin, end) in enumerate(zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)):
        columns = matrix.indices[begin:end]
        if one[row]:
            proto.constraints.add().exactly_one.literals.extend(columns)
            continue
        linear = proto.constraints.add().linear
        linear.vars.extend(columns)
        linear.coeffs.extend(matrix.data[begin:end])
        linear.domain.extend([program.row_lower[row], program.row_upper[row]])


class _Points(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
    """Hands each better point to the search."""

    def __init__(self, search: Search, program: IntegerProgram) -> None:
        super().__init__()
        self._search = search
        self._program = program

    def on_solution_callback(self) -> None:
        values: Integers = np.array(self.Response().solution, dtype=np.int64)
        self._search.found(self._program.point(values))
