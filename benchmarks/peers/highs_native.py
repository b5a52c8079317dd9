"""HiGHS by its own Python interface, in an environment of its own: its library clashes with the one in OR-Tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arrays import Arrays
from benchmarks.contender import ARRAYS, Limits
from benchmarks.recorder import Recorder

REQUIREMENTS = ("highspy==1.16.0", "numpy>=2.2")


def run(folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Record improving points and bounds as HiGHS calls back."""
    import highspy  # noqa: PLC0415 - only this peer's environment has it

    arrays = Arrays.read(folder / ARRAYS)
    solver = highspy.Highs()
    options = {
        "output_flag": False,
        "time_limit": limits.time_limit_s,
        "mip_rel_gap": limits.relative_gap,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    model = _model(highspy, arrays)
    recorder.start()
    solver.passModel(model)

    def hear(event: Any) -> None:
        recorder.bound(event.data_out.mip_dual_bound)
        point = np.asarray(event.data_out.mip_solution)
        if len(point):
            recorder.point(event.data_out.objective_function_value, arrays.choice(point))

    solver.cbMipImprovingSolution += hear
    solver.cbMipLogging += lambda event: recorder.bound(event.data_out.mip_dual_bound)
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        recorder.point(info.objective_function_value, arrays.choice(np.asarray(solver.getSolution().col_value)))
    if status not in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        recorder.bound(info.mip_dual_bound)
    recorder.end(status=solver.modelStatusToString(status))


def _model(highspy: Any, arrays: Arrays) -> Any:
    """The arrays as HiGHS takes them."""
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(arrays.objective), len(arrays.row_lower)
    model.sense_, model.offset_ = highspy.ObjSense.kMaximize, float(arrays.offset)
    model.col_cost_, model.col_lower_, model.col_upper_ = arrays.objective, arrays.lower, arrays.upper
    model.row_lower_, model.row_upper_ = arrays.row_lower, arrays.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = arrays.indptr.astype(np.int32)
    model.a_matrix_.index_ = arrays.indices.astype(np.int32)
    model.a_matrix_.value_ = arrays.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    model.integrality_ = [kinds[int(whole)] for whole in arrays.integer]
    return model
