"""Scaling by powers of two: exact in floating point, so a scaled program is the same program."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from coverplan.mip.program import Floats, Program

OBJECTIVE_MAGNITUDE = 1024.0
"""Where the largest coefficient of an integer column lands: money in thousands, whatever the currency."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """A program with rows multiplied by `rows` and the objective (offset included) by `objective`."""

    program: Program
    rows: Floats
    objective: float

    def value(self, scaled_value: float) -> float:
        """An objective value or bound of the scaled program, in the units of the original."""
        return scaled_value / self.objective

    def prices(self, scaled_prices: Floats) -> Floats:
        """Row prices of the scaled program, in the units of the original rows and objective."""
        return scaled_prices * self.rows / self.objective


def scale(program: Program) -> Scaled:
    """Bring each row's largest coefficient into (1/2, 1] and the objective to `OBJECTIVE_MAGNITUDE`."""
    matrix = program.matrix
    rows = _power_of_two(_largest_per_row(matrix))
    objective = float(_power_of_two(np.array([objective_size(program)]))[0]) * OBJECTIVE_MAGNITUDE
    data = matrix.data * np.repeat(rows, np.diff(matrix.indptr))
    scaled = replace(
        program,
        objective=program.objective * objective,
        offset=program.offset * objective,
        matrix=sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape),
        row_lower=program.row_lower * rows,
        row_upper=program.row_upper * rows,
    )
    return Scaled(scaled, rows, objective)


def objective_size(program: Program) -> float:
    """Largest objective coefficient of the integer columns (of all columns when those have none)."""
    size = np.abs(program.objective)
    return float(size[program.integer].max(initial=0.0) or size.max(initial=0.0))


def _largest_per_row(matrix: sparse.csr_array) -> Floats:
    largest = np.zeros(matrix.shape[0])
    filled = np.diff(matrix.indptr) > 0
    if filled.any():
        largest[filled] = np.maximum.reduceat(np.abs(matrix.data), matrix.indptr[:-1][filled])
    return largest


def _power_of_two(sizes: Floats) -> Floats:
    """Per size, the power of two that brings it into (1/2, 1]; 1 for size 0."""
    mantissas, exponents = np.frexp(sizes)
    exponents = np.where(mantissas == 0.5, exponents - 1, exponents)
    return np.where(sizes > 0.0, np.ldexp(1.0, -exponents), 1.0)
