"""The formulation: one column per unit and rep, one uncovered column per unit, priced rows, and rules that link units.

Maximise v x + v0 z - rho (s+ + s-) with sum x + z = 1 per unit and l <= A x + B z - s+ + s- <= u per priced row,
where s = 0 on hard rows. Protected and must-cover seats are fixed (hard) or paid for in v (soft).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from coverplan.constraints.base import Constraint
from coverplan.domain.candidates import Candidates
from coverplan.domain.instance import Bools, Floats
from coverplan.formulation.objective import Weights
from coverplan.mip.feasibility import rounding
from coverplan.mip.rows import LinkedBlock, RowBlock


@dataclass(frozen=True, eq=False)
class RuleRows:
    """The rows of one rule: where they stand among the rows of their sort, and their labels."""

    rule: Constraint
    labels: tuple[str, ...]
    first: int

    @property
    def span(self) -> slice:
        return slice(self.first, self.first + len(self.labels))


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of one sort over columns and uncovered units, kept column by column."""

    rules: tuple[RuleRows, ...]
    matrix: sparse.csc_array
    """Rows x columns."""
    idle_matrix: sparse.csc_array
    """Rows x units."""
    lower: Floats
    upper: Floats
    gross: sparse.csc_array
    """The matrix without signs: what a column's seats add up to though they cancel."""

    @classmethod
    def of(cls, pairs: Candidates, found: list[tuple[Constraint, RowBlock]]) -> Rows:
        """Gather the blocks of all rules."""
        stacked = RowBlock.stack([block for _, block in found])
        sizes = [len(block.labels) for _, block in found]
        firsts = np.cumsum([0, *sizes]).tolist()
        size, n_columns, n_units = len(stacked.labels), pairs.n_columns, pairs.n_units
        column = pairs.column[stacked.choice]
        matrix = _gather(stacked.row, column, stacked.coefficient, size, n_columns)
        signed = bool((stacked.coefficient < 0.0).any())
        return cls(
            rules=tuple(
                RuleRows(rule, block.labels, first) for (rule, block), first in zip(found, firsts, strict=False)
            ),
            matrix=matrix,
            idle_matrix=_gather(
                stacked.idle_row, pairs.unit_of_seat[stacked.idle], stacked.idle_coefficient, size, n_units
            ),
            lower=stacked.lower,
            upper=stacked.upper,
            gross=_gather(stacked.row, column, np.abs(stacked.coefficient), size, n_columns) if signed else matrix,
        )

    def activity(self, taken: Floats, idle: Floats) -> Floats:
        """Left-hand sides where `taken` says which columns are chosen and `idle` which units have none, as 0 or 1."""
        return np.asarray(self.matrix @ taken + self.idle_matrix @ idle)

    def sizes(self, taken: Floats, idle: Floats) -> Floats:
        """What each row adds up to, signs aside; `taken` and `idle` as for `activity`."""
        return np.asarray(self.gross @ taken + abs(self.idle_matrix) @ idle)

    def typical_sizes(self) -> Floats:
        """Mean absolute coefficient of each row; 1 for a row without entries."""
        size = len(self.lower)
        total = np.bincount(self.matrix.indices, np.abs(self.matrix.data), size)
        count = np.bincount(self.matrix.indices, minlength=size)
        return np.where(total > 0, total / np.maximum(count, 1), 1.0)


@dataclass(frozen=True, eq=False)
class Formulation:
    """The program of one instance under one policy; rows keep the units of their constraint."""

    pairs: Candidates
    rules: tuple[Constraint, ...]
    weights: Weights
    priced: Rows
    separable: Rows
    linked: tuple[tuple[Constraint, LinkedBlock], ...]
    value: Floats
    """Objective of each column, costs of soft protect and must-cover rules included."""
    idle_value: Floats
    """The same of each unit without a rep."""
    offset: float
    """What these rules cost whatever is chosen: seats that nobody may fill, members of a family held by others."""
    open_column: Bools
    """False where a lock or a protected seat leaves only another column."""
    may_idle: Bools
    """Per unit: it may stay uncovered."""
    impossible: bool
    """Some seat must be covered and has no admissible rep."""
    penalty: Floats
    """Per priced row; infinite on hard rows."""

    @property
    def matrix(self) -> sparse.csc_array:
        """Priced rows x columns."""
        return self.priced.matrix

    @property
    def idle_matrix(self) -> sparse.csc_array:
        """Priced rows x units."""
        return self.priced.idle_matrix

    @property
    def lower(self) -> Floats:
        """Lower bound of each priced row."""
        return self.priced.lower

    @property
    def upper(self) -> Floats:
        """Upper bound of each priced row."""
        return self.priced.upper

    @property
    def n_rows(self) -> int:
        return len(self.lower)

    @cached_property
    def size(self) -> float:
        """Largest amount of money that one choice brings; 1 where nothing brings any."""
        most = np.abs(self.value).max(initial=0.0), np.abs(self.idle_value).max(initial=0.0)
        return float(max(most)) or 1.0

    @cached_property
    def rounding(self) -> tuple[Floats, Floats]:
        """By how much floats may miss the lower and the upper bound of each priced row; see `mip.feasibility`."""
        size = np.zeros(self.n_rows)
        for matrix in (self.priced.gross, self.idle_matrix):
            np.maximum.at(size, matrix.indices, np.abs(matrix.data))
        return rounding(self.lower, size), rounding(self.upper, size)

    def row_keys(self) -> list[tuple[str, str]]:
        """(constraint id, scope) of each priced row."""
        return [(str(rows.rule.id), label) for rows in self.priced.rules for label in rows.labels]


def build(pairs: Candidates, rules: Sequence[Constraint], weights: Weights) -> Formulation:
    """Collect what every rule contributes."""
    priced = Rows.of(pairs, [(rule, block) for rule in rules if (block := rule.rows(pairs)) is not None])
    separable = Rows.of(pairs, [(rule, block) for rule in rules if (block := rule.separable(pairs)) is not None])
    linked = tuple((rule, ties) for rule in rules if (ties := rule.links(pairs)) is not None)
    value, idle_value, offset = weights.of_columns(pairs), weights.of_idle_units(pairs), 0.0
    open_column, may_idle, impossible = _locks(pairs), np.ones(pairs.n_units, np.bool_), False
    for rows in separable.rules:
        score, needed = _score(separable, rows.first), float(separable.lower[rows.first])
        best = np.zeros(pairs.n_units)
        np.maximum.at(best, pairs.column_unit, score)
        if rows.rule.penalty is None:
            open_column &= score >= best[pairs.column_unit]
            may_idle &= best == 0
            impossible |= bool(best.sum() < needed)
        else:
            # What is missed is charged where it is missed: a reward for all the rest would drown small money.
            value -= rows.rule.penalty * (best[pairs.column_unit] - score)
            idle_value -= rows.rule.penalty * best
            offset -= rows.rule.penalty * (needed - float(best.sum()))
    locked_units = pairs.unit_of_seat[pairs.instance.accounts.locked[pairs.book.seats.account] & pairs.keeps]
    may_idle[locked_units] = False
    penalties = [
        np.full(len(rows.labels), np.inf if rows.rule.penalty is None else rows.rule.penalty) for rows in priced.rules
    ]
    return Formulation(
        pairs=pairs,
        rules=tuple(rules),
        weights=weights,
        priced=priced,
        separable=separable,
        linked=linked,
        value=value,
        idle_value=idle_value,
        offset=offset,
        open_column=open_column,
        may_idle=may_idle,
        impossible=impossible,
        penalty=np.concatenate([np.empty(0), *penalties]),
    )


def _gather(row: np.ndarray, column: np.ndarray, coefficient: Floats, rows: int, columns: int) -> sparse.csc_array:
    """Coordinate entries column by column; entries of one cell add up."""
    if len(coefficient) == 0:
        return sparse.csc_array((rows, columns))
    return sparse.coo_array((coefficient, (row, column)), shape=(rows, columns)).tocsc()


def _score(rows: Rows, row: int) -> Floats:
    """What each column adds to one row."""
    one = np.zeros(len(rows.lower))
    one[row] = 1.0
    return np.asarray(rows.matrix.T @ one)


def _locks(pairs: Candidates) -> Bools:
    """Columns left open by the accounts that are locked to their current rep."""
    locked = np.flatnonzero(pairs.is_current & pairs.instance.accounts.locked[pairs.account])
    return _only(pairs, locked)


def _only(pairs: Candidates, chosen: np.ndarray) -> Bools:
    """Columns of the units of these pairs are closed, but for the pairs' own."""
    touched = np.zeros(pairs.n_units, np.bool_)
    touched[pairs.unit_of_seat[pairs.seat[chosen]]] = True
    left = ~touched[pairs.column_unit]
    left[pairs.column[chosen]] = True
    return left
