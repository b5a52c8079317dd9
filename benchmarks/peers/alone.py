"""What the general solvers share that Coverplan has as backends: each is given the whole program and left alone."""

from __future__ import annotations

from pathlib import Path

from scipy import sparse

from benchmarks.arrays import Arrays
from benchmarks.contender import ARRAYS, Limits
from benchmarks.recorder import Recorder
from coverplan.mip import program as mip
from coverplan.solvers.registry import backend


def program_of(arrays: Arrays) -> mip.Program:
    """The arrays as the backends take them."""
    shape = (len(arrays.row_lower), len(arrays.objective))
    return mip.Program(
        objective=arrays.objective,
        matrix=sparse.csr_array((arrays.data, arrays.indices, arrays.indptr), shape=shape),
        row_lower=arrays.row_lower,
        row_upper=arrays.row_upper,
        lower=arrays.lower,
        upper=arrays.upper,
        integer=arrays.integer,
        offset=float(arrays.offset),
    )


def run(name: str, folder: Path, limits: Limits, recorder: Recorder) -> None:
    """Record the backend's points and bounds."""
    arrays = Arrays.read(folder / ARRAYS)
    program = program_of(arrays)
    solver = backend(name)
    recorder.start()

    def hear(step: mip.Step) -> None:
        if step.x is not None and step.objective is not None:
            recorder.point(step.objective, arrays.choice(step.x))
        if step.dual_bound is not None:
            recorder.bound(step.dual_bound)

    wanted = mip.Limits(time_limit_s=limits.time_limit_s, relative_gap=limits.relative_gap)
    result = solver.solve(program, wanted, None, hear)
    if result.x is not None and result.objective is not None:
        recorder.point(result.objective, arrays.choice(result.x))
    recorder.bound(result.dual_bound)
    recorder.end(status=str(result.status.value), notes=list(result.notes))
