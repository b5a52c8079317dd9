"""A part of the program: some units and columns stay free, everything else keeps its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.program import Choice
from coverplan.mip.program import Program
from coverplan.pricing.segments import Indices
from coverplan.pricing.standing import Standing, column_sum, loads


@dataclass(frozen=True, eq=False)
class Part:
    """The program of the free units; its columns are the free columns, the units' uncovered columns, then slacks."""

    program: Program
    columns: Indices
    units: Indices
    column_unit: Indices
    """Place in `units` of each column."""
    excess: sparse.coo_array
    """Tie rows x excess columns, the last of each."""

    def point(self, choice: Choice) -> Floats:
        """The program's point of a choice, slacks of single rows left to be settled."""
        x = np.zeros(len(self.program.objective))
        picked = choice[self.units]
        place = np.minimum(np.searchsorted(self.columns, picked), max(0, len(self.columns) - 1))
        covered = picked >= 0
        x[place[covered]] = 1.0
        x[len(self.columns) + np.flatnonzero(~covered)] = 1.0
        rows, columns = self.excess.shape
        if columns:
            over = self.program.matrix[-rows:] @ x - self.program.row_upper[-rows:]
            row, column = self.excess.coords
            np.maximum.at(x, len(x) - columns + column, over[row])
        return x

    def picked(self, x: Floats) -> Indices:
        """The column of each free unit at the point x, -1 for uncovered."""
        columns = np.full(len(self.units), -1, np.int64)
        taken = np.flatnonzero(x[: len(self.columns)] > 0.5)
        columns[self.column_unit[taken]] = self.columns[taken]
        return columns


def part_of(
    standing: Standing,
    units: Indices,
    columns: Indices,
    elastic: Floats | None = None,
    shared: Bools | None = None,
    share: float = 1.0,
) -> Part:
    """Free these units (ascending) and their columns (ascending); the other units keep their choice.

    With `elastic` prices, hard rows that are violated now may stay so, at most as much, at that price. Rows marked
    `shared` may give away only a share of their slack, so that parts solved side by side do not overdraw them.
    """
    formulation = standing.formulation
    matrix, idle_matrix = formulation.matrix[:, columns], formulation.idle_matrix[:, units]
    rows = np.unique(np.concatenate([matrix.indices, idle_matrix.indices]))
    sides = _sides(standing, units, rows, elastic, shared, share)
    lower, upper, penalty, cap = sides.lower, sides.upper, sides.penalty, sides.cap
    over = np.flatnonzero(np.isfinite(penalty) & np.isfinite(upper))
    under = np.flatnonzero(np.isfinite(penalty) & np.isfinite(lower))
    local = np.searchsorted(units, formulation.pairs.column_unit[columns])
    n, n_units, n_rows = len(columns), len(units), len(rows)
    pick = sparse.coo_array((np.ones(n), (local, np.arange(n))), shape=(n_units, n))
    slacks = [_slacks(over, n_rows, -1.0), _slacks(under, n_rows, 1.0)]
    ties = _ties(standing, units, columns, None if elastic is None else float(elastic[-1]))
    blocks: list[list[Any]] = [
        [_local(matrix, rows), _local(idle_matrix, rows), *slacks, None],
        [pick, sparse.eye_array(n_units), None, None, None],
        [ties.matrix, None, None, None, ties.excess],
    ]
    extra = len(over) + len(under) + len(ties.penalty)
    program = Program(
        objective=np.concatenate(
            [formulation.value[columns], formulation.idle_value[units], -penalty[over], -penalty[under], -ties.penalty]
        ),
        matrix=sparse.csr_array(sparse.block_array(blocks, format="csr")),
        row_lower=np.concatenate([lower, np.ones(n_units), np.full(len(ties.upper), -np.inf)]),
        row_upper=np.concatenate([upper, np.ones(n_units), ties.upper]),
        lower=np.zeros(n + n_units + extra),
        upper=np.concatenate(
            [
                np.ones(n),
                formulation.may_idle[units].astype(float),
                cap[over],
                cap[under],
                np.full(len(ties.penalty), np.inf),
            ]
        ),
        integer=np.concatenate([np.ones(n + n_units, np.bool_), np.zeros(extra, np.bool_)]),
    )
    return Part(program, columns, units, local, ties.excess)


@dataclass(frozen=True, eq=False)
class _Sides:
    """Per row: what the free units may use, what a miss costs, and the most that may be missed."""

    lower: Floats
    upper: Floats
    penalty: Floats
    cap: Floats


def _sides(
    standing: Standing, units: Indices, rows: Indices, elastic: Floats | None, shared: Bools | None, share: float
) -> _Sides:
    """The sides of these rows, less what the held units use of them; see `part_of`."""
    formulation = standing.formulation
    activity = standing.activity[rows]
    held = activity - loads(formulation, units, standing.choice[units])[rows]
    lower, upper = formulation.lower[rows], formulation.upper[rows]
    penalty, cap = formulation.penalty[rows].copy(), np.full(len(rows), np.inf)
    if shared is not None:
        hard = shared[rows] & np.isinf(penalty)
        spare = np.where(hard & np.isfinite(lower) & (activity > lower), activity - lower, 0.0)
        room = np.where(hard & np.isfinite(upper) & (activity < upper), upper - activity, 0.0)
        lower, upper = lower + (1 - share) * spare, upper - (1 - share) * room
    if elastic is not None:
        missed = standing.missed[:-1][rows]
        lax = missed > 0
        penalty[lax], cap[lax] = elastic[:-1][rows][lax], missed[lax]
        lower[lax], upper[lax] = formulation.lower[rows][lax], formulation.upper[rows][lax]
    return _Sides(lower - held, upper - held, penalty, cap)


@dataclass(frozen=True, eq=False)
class _Ties:
    """The tie rows that free columns touch, and one column per excess."""

    matrix: sparse.csc_array
    excess: sparse.coo_array
    upper: Floats
    penalty: Floats


def _ties(standing: Standing, units: Indices, columns: Indices, elastic: float | None) -> _Ties:
    """Excesses of hard ties are left out, unless they have an elastic price and are broken now."""
    ties, old = standing.ties, standing.choice[units]
    matrix = ties.matrix[:, columns]
    rows = np.unique(matrix.indices)
    held = (standing.tie_activity - column_sum(ties.matrix, old[old >= 0]))[rows] if len(rows) else np.empty(0)
    found, place = np.unique(ties.excess[rows], return_inverse=True)
    penalty = ties.penalty[found]
    if elastic is not None and standing.missed[-1] > 0:
        broken = ties.excesses(standing.tie_activity)[found] > 0
        penalty = np.where(np.isinf(penalty) & broken, elastic, penalty)
    used = np.flatnonzero(np.isfinite(penalty))
    local = np.full(len(found), -1, np.int64)
    local[used] = np.arange(len(used))
    column = local[place.reshape(-1)]
    at = np.flatnonzero(column >= 0)
    excess = sparse.coo_array((-np.ones(len(at)), (at, column[at])), shape=(len(rows), len(used)))
    return _Ties(_local(matrix, rows), excess, ties.upper[rows] - held, penalty[used])


def _local(matrix: sparse.csc_array, rows: Indices) -> sparse.csc_array:
    """The same entries over these rows only."""
    entries = (matrix.data, np.searchsorted(rows, matrix.indices), matrix.indptr)
    return sparse.csc_array(entries, shape=(len(rows), matrix.shape[1]))


def _slacks(rows: Indices, n_rows: int, sign: float) -> sparse.coo_array:
    return sparse.coo_array((np.full(len(rows), sign), (rows, np.arange(len(rows)))), shape=(n_rows, len(rows)))
