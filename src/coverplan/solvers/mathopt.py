"""What the MathOpt backends share: arrays to `ModelProto`, the call, its answer back to arrays.

The protocol buffers are used directly, because MathOpt's Python model costs a Python call per variable both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from ortools.math_opt import (
    callback_pb2,
    model_parameters_pb2,
    model_pb2,
    parameters_pb2,
    result_pb2,
    solution_pb2,
    sparse_containers_pb2,
)
from ortools.math_opt.core.python import solver
from pybind11_abseil.status import StatusNotOk

from coverplan.mip.program import Floats, Program
from coverplan.mip.scaling import Scaled, scale
from coverplan.solvers.search import Ended, Search

Messages = Callable[[Sequence[str]], None]
Model = model_pb2.ModelProto
Solution = solution_pb2.SolutionProto
SolveResult = result_pb2.SolveResultProto
Callback = Callable[[callback_pb2.CallbackDataProto], callback_pb2.CallbackResultProto]


class SolverError(Exception):
    """The native solver gave up; the message is its own."""


def to_proto(program: Program) -> model_pb2.ModelProto:
    """The program as a protocol buffer; ids are positions."""
    columns, rows = program.objective.size, program.row_lower.size
    model = model_pb2.ModelProto()
    model.variables.ids.extend(range(columns))
    model.variables.lower_bounds.extend(program.lower.tolist())
    model.variables.upper_bounds.extend(program.upper.tolist())
    model.variables.integers.extend(program.integer.tolist())
    model.objective.maximize = True
    model.objective.offset = program.offset
    priced = np.flatnonzero(program.objective)
    model.objective.linear_coefficients.ids.extend(priced.tolist())
    model.objective.linear_coefficients.values.extend(program.objective[priced].tolist())
    model.linear_constraints.ids.extend(range(rows))
    model.linear_constraints.lower_bounds.extend(program.row_lower.tolist())
    model.linear_constraints.upper_bounds.extend(program.row_upper.tolist())
    matrix = program.matrix.copy()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    entries = model.linear_constraint_matrix
    entries.row_ids.extend(np.repeat(np.arange(rows), np.diff(matrix.indptr)).tolist())
    entries.column_ids.extend(matrix.indices.tolist())
    entries.coefficients.extend(matrix.data.tolist())
    return model


def hint(x: Floats | None) -> model_parameters_pb2.ModelSolveParametersProto:
    """Model parameters that carry x as the point to start from."""
    parameters = model_parameters_pb2.ModelSolveParametersProto()
    if x is not None:
        values = parameters.solution_hints.add().variable_values
        values.ids.extend(range(x.size))
        values.values.extend(x.tolist())
    return parameters


def time_limit(parameters: parameters_pb2.SolveParametersProto, seconds: float) -> None:
    """Set the wall clock limit."""
    parameters.time_limit.FromNanoseconds(int(seconds * 1e9))


def dense(vector: sparse_containers_pb2.SparseDoubleVectorProto, size: int) -> Floats:
    """A sparse vector of MathOpt as an array."""
    values = np.zeros(size)
    values[np.fromiter(vector.ids, dtype=np.intp, count=len(vector.ids))] = np.fromiter(
        vector.values, dtype=np.float64, count=len(vector.values)
    )
    return values


def call(
    kind: int,
    model: model_pb2.ModelProto,
    parameters: parameters_pb2.SolveParametersProto,
    *,
    start: Floats | None = None,
    messages: Messages | None = None,
    callback: Callback | None = None,
    registration: callback_pb2.CallbackRegistrationProto | None = None,
    interrupter: Any = None,
) -> result_pb2.SolveResultProto:
    """One MathOpt solve.

    Raises:
        SolverError: the native solver failed. (MathOpt's own wrapper masks the reason by an AttributeError.)
    """
    try:
        return solver.solve(
            model,
            kind,
            parameters_pb2.SolverInitializerProto(),
            parameters,
            hint(start),
            messages,
            registration or callback_pb2.CallbackRegistrationProto(),
            callback,
            interrupter,
        )
    except StatusNotOk as error:
        raise SolverError(str(error)) from None


def ended(result: result_pb2.SolveResultProto) -> Ended | None:
    """The termination in our words; None where infeasible and unbounded were not told apart."""
    termination = result.termination
    if termination.reason == result_pb2.TERMINATION_REASON_OPTIMAL:
        return Ended.COMPLETE
    if termination.reason == result_pb2.TERMINATION_REASON_INFEASIBLE:
        return Ended.INFEASIBLE
    if termination.reason in (
        result_pb2.TERMINATION_REASON_INFEASIBLE_OR_UNBOUNDED,
        result_pb2.TERMINATION_REASON_UNBOUNDED,
    ):
        return None
    if termination.limit == result_pb2.LIMIT_TIME:
        return Ended.TIME
    if termination.limit == result_pb2.LIMIT_NODE:
        return Ended.WORK
    return Ended.FAILED


def conclude(search: Search, scaled: Scaled, result: result_pb2.SolveResultProto, kind: int) -> Ended:
    """Report the points and the bound of a finished solve, and say how it ended."""
    how = ended(result) or _tell_infeasible_from_unbounded(search, kind)
    _take_points(search, scaled, result)
    bound = result.termination.objective_bounds.dual_bound
    if how in (Ended.COMPLETE, Ended.TIME, Ended.WORK) and np.isfinite(bound):
        search.bounded(scaled.value(bound))
    return how


def _take_points(search: Search, scaled: Scaled, result: result_pb2.SolveResultProto) -> None:
    for solution in result.solutions:
        if solution.HasField("primal_solution"):
            values = dense(solution.primal_solution.variable_values, search.program.objective.size)
            search.found(scaled.point(values))


def _tell_infeasible_from_unbounded(search: Search, kind: int) -> Ended:
    """Without an objective nothing is unbounded: a second solve decides."""
    program = search.program
    scaled = scale(replace(program, objective=np.zeros_like(program.objective), offset=0.0))
    parameters = parameters_pb2.SolveParametersProto()
    time_limit(parameters, search.remaining())
    try:
        result = call(kind, to_proto(scaled.program), parameters)
    except SolverError as error:
        search.notes.append(f"the solver failed: {error}")
        return Ended.FAILED
    how = ended(result) or Ended.FAILED
    if how is not Ended.COMPLETE:
        return how
    _take_points(search, scaled, result)
    search.notes.append("the objective is unbounded")
    return Ended.FAILED
