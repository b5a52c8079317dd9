"""The formulation as one mixed-integer program, and a solver's point as a choice per unit.

Columns: x (one per candidate column), z (one per unit), slacks of soft priced rows, then auxiliary columns and slacks
of the linked rules. Rows: priced rows first, in order, then one per unit, then the linked rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.mip.program import Program
from coverplan.mip.rows import LinkedBlock

Choice = npt.NDArray[np.int64]
"""Per unit: the chosen column, -1 for uncovered."""


Linked = tuple[sparse.csr_array, sparse.csr_array, Floats, Floats, Floats]
"""A linked rule: see `_linked`."""


def to_program(formulation: Formulation) -> Program:
    """Assemble the arrays."""
    columns = formulation.open_column
    pairs, soft = formulation.pairs, np.flatnonzero(np.isfinite(formulation.penalty))
    over = soft[np.isfinite(formulation.upper[soft])]
    under = soft[np.isfinite(formulation.lower[soft])]
    n_units, n_rows = pairs.n_units, formulation.n_rows
    linked = [_linked(formulation, block, rule.penalty) for rule, block in formulation.linked]
    costs = [-formulation.penalty[over], -formulation.penalty[under]] + [part[3] for part in linked]
    extra = sum(len(cost) for cost in costs)
    free = [np.full(len(over) + len(under), np.inf)] + [part[4] for part in linked]
    return Program(
        objective=np.concatenate([formulation.value, formulation.idle_value, *costs]),
        matrix=_matrix(formulation, over, under, linked) if n_units else _empty(n_rows, extra),
        row_lower=np.concatenate(
            [formulation.lower, np.ones(n_units), *(np.full(len(part[2]), -np.inf) for part in linked)]
        ),
        row_upper=np.concatenate([formulation.upper, np.ones(n_units), *(part[2] for part in linked)]),
        lower=np.zeros(pairs.n_columns + n_units + extra),
        upper=np.concatenate([columns.astype(float), formulation.may_idle.astype(float), *free]),
        integer=np.concatenate([np.ones(pairs.n_columns + n_units, np.bool_), np.zeros(extra, np.bool_)]),
        offset=formulation.offset,
    )


def _empty(rows: int, columns: int) -> sparse.csr_array:
    return sparse.csr_array((rows, columns))


def _matrix(formulation: Formulation, over: Choice, under: Choice, linked: Sequence[Linked]) -> sparse.csr_array:
    """All rows, put together entry by entry: for tiny programs blocks of blocks take longer than the solve."""
    pairs, n_rows = formulation.pairs, formulation.n_rows
    n_columns, n_units = pairs.n_columns, pairs.n_units
    unit, slack = np.arange(n_units), n_columns + n_units
    soft = np.concatenate([over, under])
    parts = [
        _entries(formulation.matrix, 0, 0),
        _entries(formulation.idle_matrix, 0, n_columns),
        (np.repeat([-1.0, 1.0], [len(over), len(under)]), soft, slack + np.arange(len(soft))),
        (np.ones(n_columns), n_rows + pairs.column_unit, np.arange(n_columns)),
        (np.ones(n_units), n_rows + unit, n_columns + unit),
    ]
    row, column = n_rows + n_units, slack + len(soft)
    for choices, own, *_ in linked:
        parts += [_entries(choices, row, 0), _entries(own, row, column)]
        row, column = row + own.shape[0], column + own.shape[1]
    entry, at_row, at_column = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return sparse.csr_array((entry, (at_row, at_column)), shape=(row, column))


def _entries(matrix: sparse.csr_array | sparse.csc_array, row: int, column: int) -> tuple[Floats, Any, Any]:
    """Entries of a part that begins at this row and column: values, rows, columns."""
    if matrix.nnz == 0:
        return np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64)
    part = matrix.tocoo()
    return part.data, row + part.row, column + part.col


def _linked(formulation: Formulation, block: LinkedBlock, penalty: float | None) -> Linked:
    """Rows of a linked rule: matrix over x, matrix over its own columns, upper bounds, costs, column bounds.

    Its own columns are the auxiliaries in [0, 1], then one slack per reported row where the rule is soft.
    """
    pairs, n_aux = formulation.pairs, len(block.owner)
    n_ties, n_owners = len(block.upper), len(block.limit)
    slacks = np.arange(n_owners) if penalty is not None else np.empty(0, np.int64)
    matrix = sparse.coo_array(
        (block.coefficient, (block.row, pairs.column[block.choice])), shape=(n_ties + n_owners, pairs.n_columns)
    )
    row = np.concatenate([block.aux_row, n_ties + block.owner, n_ties + slacks])
    column = np.concatenate([block.aux, np.arange(n_aux), n_aux + slacks])
    entry = np.concatenate([block.aux_coefficient, np.ones(n_aux), -np.ones(len(slacks))])
    own = sparse.coo_array((entry, (row, column)), shape=(n_ties + n_owners, n_aux + len(slacks)))
    costs = np.concatenate([np.zeros(n_aux), np.full(len(slacks), -(penalty or 0.0))])
    limits = np.concatenate([np.ones(n_aux), np.full(len(slacks), np.inf)])
    return matrix.tocsr(), own.tocsr(), np.concatenate([block.upper, block.limit]), costs, limits


def to_choice(formulation: Formulation, x: Floats) -> Choice:
    """The largest of x and z in each unit decides."""
    pairs = formulation.pairs
    n_columns, n_units = pairs.n_columns, pairs.n_units
    picked = np.where(formulation.open_column, x[:n_columns], -1.0)
    choice = best_column(formulation, picked)
    idle = np.where(formulation.may_idle, x[n_columns : n_columns + n_units], -0.5)
    found = choice >= 0
    best = np.full(n_units, -1.0)
    best[found] = picked[choice[found]]
    return np.where(idle > best, -1, choice)


def best_column(formulation: Formulation, score: Floats) -> Choice:
    """The column of highest score in each unit, the first of equals; -1 for units without columns."""
    pairs = formulation.pairs
    choice = np.full(pairs.n_units, -1, np.int64)
    if pairs.n_columns == 0:
        return choice
    filled = np.flatnonzero(np.diff(pairs.unit_start) > 0)
    top = np.maximum.reduceat(score, pairs.unit_start[filled])
    at_top = np.flatnonzero(score == np.repeat(top, np.diff(pairs.unit_start)[filled]))
    units, first = np.unique(pairs.column_unit[at_top], return_index=True)
    choice[units] = at_top[first]
    return choice


def to_point(formulation: Formulation, program: Program, choice: Choice) -> Floats:
    """The program's point of a choice, its slacks and auxiliaries as small as the rows admit."""
    pairs = formulation.pairs
    x = np.zeros(len(program.objective))
    covered = choice >= 0
    x[choice[covered]] = 1.0
    x[pairs.n_columns + np.flatnonzero(~covered)] = 1.0
    activity = (program.matrix[: formulation.n_rows] @ x) if formulation.n_rows else np.empty(0)
    soft = np.flatnonzero(np.isfinite(formulation.penalty))
    over = soft[np.isfinite(formulation.upper[soft])]
    under = soft[np.isfinite(formulation.lower[soft])]
    at = pairs.n_columns + pairs.n_units
    x[at : at + len(over)] = np.maximum(0.0, activity[over] - formulation.upper[over])
    at += len(over)
    x[at : at + len(under)] = np.maximum(0.0, formulation.lower[under] - activity[under])
    at += len(under)
    for rule, block in formulation.linked:
        at = _fill_linked(formulation, block, rule.penalty is not None, x, at)
    return x


def _fill_linked(formulation: Formulation, block: LinkedBlock, soft: bool, x: Floats, at: int) -> int:
    """Set a linked rule's auxiliaries and slacks; returns the first column after them."""
    n_aux = len(block.owner)
    ties = np.bincount(block.row, block.coefficient * x[formulation.pairs.column[block.choice]], len(block.upper))
    needed = np.zeros(n_aux)
    short = (ties - block.upper)[block.aux_row] / -block.aux_coefficient
    np.maximum.at(needed, block.aux, np.maximum(0.0, short))
    x[at : at + n_aux] = needed
    at += n_aux
    if soft:
        total = np.bincount(block.owner, needed, len(block.limit))
        x[at : at + len(block.limit)] = np.maximum(0.0, total - block.limit)
        at += len(block.limit)
    return at
