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
    """A program with rows multiplied by `rows` and the objective (offset included) by `objective`.

    Continuous columns are counted in units of `columns`, so that a slack in money does not vanish beside the money
    that it stands with; whole columns keep the unit 1.
    """

    program: Program
    rows: Floats
    objective: float
    columns: Floats

    def point(self, scaled_x: Floats) -> Floats:
        """A point of the scaled program, in the units of the original."""
        return scaled_x * self.columns

    def scaled_point(self, x: Floats) -> Floats:
        """A point of the original, in the units of the scaled program."""
        return x / self.columns

    def value(self, scaled_value: float) -> float:
        """An objective value or bound of the scaled program, in the units of the original."""
        return scaled_value / self.objective

    def prices(self, scaled_prices: Floats) -> Floats:
        """Row prices of the scaled program, in the units of the original rows and objective."""
        return scaled_prices * self.rows / self.objective


def scale(program: Program) -> Scaled:
    """Bring each row's largest whole coefficient, then each continuous column's largest, into (1/2, 1].

    A row without whole columns goes by its larger bound: that is how far its slack must reach, and counted in smaller
    units its cost would vanish beside the solver's tolerances. The objective is brought to `OBJECTIVE_MAGNITUDE`.
    """
    matrix = program.matrix
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    size = np.abs(matrix.data)
    whole = _largest(owner, size * program.integer[matrix.indices], matrix.shape[0])
    bounds = np.abs(np.stack([program.row_lower, program.row_upper]))
    bound = np.where(np.isfinite(bounds), bounds, 0.0).max(axis=0)
    rows = _power_of_two(np.where(whole > 0.0, whole, np.maximum(bound, _largest(owner, size, matrix.shape[0]))))
    widest = _largest(matrix.indices, size * rows[owner], matrix.shape[1])
    columns = np.where(program.integer, 1.0, _power_of_two(widest))
    objective = float(_power_of_two(np.array([program.size]))[0]) * OBJECTIVE_MAGNITUDE
    data = matrix.data * rows[owner] * columns[matrix.indices]
    scaled = replace(
        program,
        objective=program.objective * objective * columns,
        offset=program.offset * objective,
        matrix=sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape),
        row_lower=program.row_lower * rows,
        row_upper=program.row_upper * rows,
        lower=program.lower / columns,
        upper=program.upper / columns,
    )
    return Scaled(scaled, rows, objective, columns)


def _largest(owner: np.ndarray, sizes: Floats, owners: int) -> Floats:
    """Largest size per owner; 0 without one."""
    largest = np.zeros(owners)
    np.maximum.at(largest, owner, sizes)
    return largest


def _power_of_two(sizes: Floats) -> Floats:
    """Per size, the power of two that brings it into (1/2, 1]; 1 for size 0."""
    mantissas, exponents = np.frexp(sizes)
    exponents = np.where(mantissas == 0.5, exponents - 1, exponents)
    return np.where(sizes > 0.0, np.ldexp(1.0, -exponents), 1.0)
