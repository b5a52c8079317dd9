"""Programs of known answer, and every whole point of a small one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.mip.program import Floats, Program

Cells = npt.ArrayLike | Sequence[object]


def program(
    objective: Cells,
    rows: Cells,
    row_lower: Cells,
    row_upper: Cells,
    upper: Cells,
    integer: npt.ArrayLike,
    offset: float = 0.0,
) -> Program:
    """A program written as dense numbers; columns start at 0."""
    costs = np.asarray(objective, dtype=np.float64)
    dense = np.asarray(rows, dtype=np.float64).reshape(np.asarray(row_lower).size, costs.size)
    return Program(
        objective=costs,
        matrix=sparse.csr_array(dense),
        row_lower=np.asarray(row_lower, dtype=np.float64),
        row_upper=np.asarray(row_upper, dtype=np.float64),
        lower=np.zeros(costs.size),
        upper=np.asarray(upper, dtype=np.float64),
        integer=np.asarray(integer, dtype=np.bool_),
        offset=offset,
    )


def gap_program(values: Cells, hours: Cells, capacities: Cells) -> Program:
    """Generalised assignment: `values[rep, seat]`, `hours[rep, seat]`; every seat goes to exactly one rep."""
    worth, effort = np.asarray(values, dtype=np.float64), np.asarray(hours, dtype=np.float64)
    reps, seats = worth.shape
    columns = np.arange(reps * seats)
    rows = np.concatenate([columns % seats, seats + columns // seats])
    entries = np.concatenate([np.ones(columns.size), effort.ravel()])
    capacity = np.asarray(capacities, dtype=np.float64)
    return Program(
        objective=worth.ravel(),
        matrix=sparse.csr_array((entries, (rows, np.tile(columns, 2))), shape=(seats + reps, columns.size)),
        row_lower=np.concatenate([np.ones(seats), np.full(reps, -np.inf)]),
        row_upper=np.concatenate([np.ones(seats), capacity]),
        lower=np.zeros(columns.size),
        upper=np.ones(columns.size),
        integer=np.ones(columns.size, dtype=np.bool_),
    )


def random_gap(reps: int, seats: int, seed: int, tightness: float = 0.9) -> Program:
    """A tight instance of the kind called E by Yagiura et al.: values and hours in inverse proportion, many digits."""
    draw = np.random.default_rng(seed)
    hours = np.ceil(1.0 - 10.0 * np.log(1.0 - draw.random((reps, seats))))
    values = -np.floor(1000.0 / hours - 10.0 * draw.random((reps, seats)))
    return gap_program(values, hours, np.floor(tightness * hours.sum(axis=1) / reps))


def best_whole_value(given: Program) -> float | None:
    """Optimum by trying every point of a small pure binary program; None when none is feasible."""
    points = np.array(list(product([0.0, 1.0], repeat=given.objective.size)))
    activity = points @ given.matrix.toarray().T
    kept = ((activity >= given.row_lower - 1e-9) & (activity <= given.row_upper + 1e-9)).all(axis=1)
    return float((points[kept] @ given.objective).max()) + given.offset if kept.any() else None


def best_gap_value(given: Program, reps: int, seats: int) -> float | None:
    """Optimum of a small `gap_program` by trying every assignment."""
    choices = np.array(list(product(range(reps), repeat=seats)))
    values = given.objective.reshape(reps, seats)
    hours = given.matrix.toarray()[seats:].reshape(reps, reps, seats)
    load = np.stack([(hours[rep][rep][None, :] * (choices == rep)).sum(axis=1) for rep in range(reps)], axis=1)
    kept = (load <= given.row_upper[seats:]).all(axis=1)
    worth = values[choices, np.arange(seats)].sum(axis=1)
    return float(worth[kept].max()) + given.offset if kept.any() else None


def objective_of(given: Program, x: Floats | None) -> float:
    """Value recomputed entry by entry, apart from `Program.value`."""
    assert x is not None
    return sum(float(c) * float(v) for c, v in zip(given.objective, x, strict=True)) + given.offset
