"""The formulation: one column per unit and rep, one uncovered column per unit, priced rows, and rules that link units.

Maximise v x + v0 z - rho (s+ + s-) with sum x + z = 1 per unit and l <= A x + B z - s+ + s- <= u per priced row,
where s = 0 on hard rows. Protected and must-cover seats are fixed (hard) or paid for in v (soft).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from coverplan.constraints.base import Constraint
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.objective import Weights
from coverplan.mip.rows import LinkedBlock, RowBlock


@dataclass(frozen=True, eq=False)
class Formulation:
    """The program of one instance under one policy; rows keep the units of their constraint."""

    pairs: Candidates
    rules: tuple[Constraint, ...]
    weights: Weights
    priced: tuple[tuple[Constraint, RowBlock], ...]
    separable: tuple[tuple[Constraint, RowBlock], ...]
    linked: tuple[tuple[Constraint, LinkedBlock], ...]
    value: Floats
    """Objective of each column, costs of soft protect and must-cover rules included."""
    idle_value: Floats
    offset: float
    open_column: Bools
    """False where a lock or a protected seat leaves only another column."""
    may_idle: Bools
    """Per unit: it may stay uncovered."""
    impossible: bool
    """Some seat must be covered and has no admissible rep."""
    matrix: sparse.csr_array
    """Priced rows x columns; likewise `idle_matrix`, priced rows x units."""
    idle_matrix: sparse.csr_array
    lower: Floats
    upper: Floats
    penalty: Floats
    """Per priced row; infinite on hard rows."""

    @property
    def n_rows(self) -> int:
        return len(self.lower)

    def row_keys(self) -> list[tuple[str, str]]:
        """(constraint id, scope) of each priced row."""
        return [(str(rule.id), label) for rule, block in self.priced for label in block.labels]


def build(pairs: Candidates, rules: Sequence[Constraint], weights: Weights) -> Formulation:
    """Collect what every rule contributes."""
    priced = tuple((rule, block) for rule in rules if (block := rule.rows(pairs)) is not None)
    separable = tuple((rule, block) for rule in rules if (block := rule.separable(pairs)) is not None)
    linked = tuple((rule, ties) for rule in rules if (ties := rule.links(pairs)) is not None)
    stacked = RowBlock.stack([block for _, block in priced])
    value, offset = weights.of_columns(pairs), 0.0
    open_column, may_idle, impossible = _locks(pairs), np.ones(pairs.n_units, np.bool_), False
    for rule, block in separable:
        if rule.penalty is None:
            best, satisfying = _satisfying(pairs, block)
            open_column &= satisfying
            may_idle &= best == 0
            impossible |= bool(best.sum() < block.lower[0])
        else:
            value += rule.penalty * np.bincount(pairs.column[block.choice], block.coefficient, pairs.n_columns)
            offset -= rule.penalty * float(block.lower[0])
    locked_units = pairs.unit_of_seat[pairs.instance.accounts.locked[pairs.book.seats.account] & pairs.keeps]
    may_idle[locked_units] = False
    return Formulation(
        pairs=pairs,
        rules=tuple(rules),
        weights=weights,
        priced=priced,
        separable=separable,
        linked=linked,
        value=value,
        idle_value=weights.of_idle_units(pairs),
        offset=offset,
        open_column=open_column,
        may_idle=may_idle,
        impossible=impossible,
        matrix=_gather(
            stacked.row, pairs.column[stacked.choice], stacked.coefficient, len(stacked.labels), pairs.n_columns
        ),
        idle_matrix=_gather(
            stacked.idle_row,
            pairs.unit_of_seat[stacked.idle],
            stacked.idle_coefficient,
            len(stacked.labels),
            pairs.n_units,
        ),
        lower=stacked.lower,
        upper=stacked.upper,
        penalty=np.concatenate(
            [np.empty(0)]
            + [np.full(len(block.labels), np.inf if rule.penalty is None else rule.penalty) for rule, block in priced]
        ),
    )


def _gather(row: np.ndarray, column: np.ndarray, coefficient: Floats, rows: int, columns: int) -> sparse.csr_array:
    """Coordinate entries as a sparse matrix; entries of one cell add up."""
    return sparse.coo_array((coefficient, (row, column)), shape=(rows, columns)).tocsr()


def _locks(pairs: Candidates) -> Bools:
    """Columns left open by the accounts that are locked to their current rep."""
    locked = np.flatnonzero(pairs.is_current & pairs.instance.accounts.locked[pairs.account])
    return _only(pairs, locked)


def _satisfying(pairs: Candidates, block: RowBlock) -> tuple[Floats, Bools]:
    """The most that each unit can add to the block, and the columns that add it."""
    score = np.bincount(pairs.column[block.choice], block.coefficient, pairs.n_columns)
    best = np.zeros(pairs.n_units)
    np.maximum.at(best, pairs.column_unit, score)
    return best, score >= best[pairs.column_unit]


def _only(pairs: Candidates, chosen: np.ndarray) -> Bools:
    """Columns of the units of these pairs are closed, but for the pairs' own."""
    touched = np.zeros(pairs.n_units, np.bool_)
    touched[pairs.unit_of_seat[pairs.seat[chosen]]] = True
    left = ~touched[pairs.column_unit]
    left[pairs.column[chosen]] = True
    return left
