"""A part of the program: some units and columns stay free, everything else keeps its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice
from coverplan.mip.program import Program

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """The program of the free units; its columns are the free columns, the units' uncovered columns, then slacks."""

    program: Program
    columns: Indices
    units: Indices

    def point(self, choice: Choice) -> Floats:
        """The program's point of a choice, slacks left to be settled."""
        x = np.zeros(len(self.program.objective))
        picked = choice[self.units]
        place = np.minimum(np.searchsorted(self.columns, picked), max(0, len(self.columns) - 1))
        covered = picked >= 0
        x[place[covered]] = 1.0
        x[len(self.columns) + np.flatnonzero(~covered)] = 1.0
        return x

    def merged(self, choice: Choice, x: Floats, unit_of_column: npt.NDArray[np.int32]) -> Choice:
        """The whole choice with this part replaced by the point x."""
        updated = choice.copy()
        updated[self.units] = -1
        taken = self.columns[x[: len(self.columns)] > 0.5]
        updated[unit_of_column[taken]] = taken
        return updated


def part_of(formulation: Formulation, choice: Choice, units: Bools, columns: Bools) -> Part:
    """Free these units and their listed columns; the other units keep their choice, and rows their rest."""
    pairs = formulation.pairs
    free_units = np.flatnonzero(units)
    free = np.flatnonzero(columns & units[pairs.column_unit] & formulation.open_column)
    held_columns = choice[~units & (choice >= 0)]
    x = np.zeros(pairs.n_columns)
    x[held_columns] = 1.0
    idle = (~units & (choice < 0)).astype(np.float64)
    held = formulation.matrix @ x + formulation.idle_matrix @ idle
    matrix, idle_matrix = formulation.matrix[:, free], formulation.idle_matrix[:, free_units]
    rows = np.flatnonzero(np.diff(matrix.indptr) + np.diff(idle_matrix.indptr))
    lower, upper = formulation.lower[rows] - held[rows], formulation.upper[rows] - held[rows]
    penalty = formulation.penalty[rows]
    over = np.flatnonzero(np.isfinite(penalty) & np.isfinite(upper))
    under = np.flatnonzero(np.isfinite(penalty) & np.isfinite(lower))
    local = np.searchsorted(free_units, pairs.column_unit[free])
    n, n_units, n_rows = len(free), len(free_units), len(rows)
    pick = sparse.coo_array((np.ones(n), (local, np.arange(n))), shape=(n_units, n))
    slacks = [_slacks(over, n_rows, -1.0), _slacks(under, n_rows, 1.0)]
    blocks: list[list[Any]] = [
        [matrix[rows], idle_matrix[rows], *slacks],
        [pick, sparse.eye_array(n_units), None, None],
    ]
    extra = len(over) + len(under)
    program = Program(
        objective=np.concatenate(
            [formulation.value[free], formulation.idle_value[free_units], -penalty[over], -penalty[under]]
        ),
        matrix=sparse.csr_array(sparse.block_array(blocks, format="csr")),
        row_lower=np.concatenate([lower, np.ones(n_units)]),
        row_upper=np.concatenate([upper, np.ones(n_units)]),
        lower=np.zeros(n + n_units + extra),
        upper=np.concatenate([np.ones(n), formulation.may_idle[free_units].astype(float), np.full(extra, np.inf)]),
        integer=np.concatenate([np.ones(n + n_units, np.bool_), np.zeros(extra, np.bool_)]),
    )
    return Part(program, free, free_units)


def _slacks(rows: Indices, n_rows: int, sign: float) -> sparse.coo_array:
    return sparse.coo_array((np.full(len(rows), sign), (rows, np.arange(len(rows)))), shape=(n_rows, len(rows)))
