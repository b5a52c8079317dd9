"""The smoothed maxima of all units at given prices, and the activity of the rows that goes with them.

One evaluation is one pass over the columns, in blocks that stay in the processor's cache, on all processors: numpy and
scipy let other threads run meanwhile. No copy of the formulation's arrays is made.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.machine import processors
from coverplan.pricing.ties import Piece, blocks_of

BLOCK = 1 << 15
"""Columns per block."""
MOST_THREADS = 4


@dataclass(frozen=True, eq=False)
class _Block:
    """Neighbouring units: their columns by row, and where each unit's columns start."""

    by_column: sparse.csr_array
    value: Floats
    start: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    filled: npt.NDArray[np.int64] | None
    """Units with columns; None: all."""
    idle_by_unit: sparse.csr_array | None
    idle: Floats


class Smoothed:
    """Smoothed maxima over all units of a formulation, or over a sample of them (ascending)."""

    def __init__(self, formulation: Formulation, units: npt.NDArray[np.int64] | None = None) -> None:
        self.n_rows = formulation.n_rows
        by_column, idle_by_unit = formulation.matrix.T, formulation.idle_matrix.T
        self._tied = _tied(formulation) if units is None else []
        blocks = blocks_of(formulation)
        if units is None and blocks:
            units = np.flatnonzero(~blocks.tied)
        start, closed = formulation.pairs.unit_start, not formulation.open_column.all()
        value = np.where(formulation.open_column, formulation.value, -np.inf) if closed else formulation.value
        idle = np.where(formulation.may_idle, formulation.idle_value, -np.inf)
        if units is not None:
            length = np.diff(start)[units]
            columns = np.repeat(start[units] - np.cumsum(length) + length, length) + np.arange(int(length.sum()))
            by_column, value = by_column[columns], value[columns]
            idle_by_unit, idle = idle_by_unit[units], idle[units]
            start = np.concatenate([[0], np.cumsum(length)])
        self._blocks = _split(by_column, value, start, idle_by_unit, idle)
        self._threads = max(1, min(MOST_THREADS, processors(), len(self._blocks)))

    def maxima(self, net: Floats, temperature: float) -> tuple[float, Floats]:
        """Sum of the smoothed maxima at net row prices, and the expected activity of every row."""
        share = self._threads
        if share == 1:
            value, activity = self._some(self._blocks, net, temperature)
        else:
            with ThreadPoolExecutor(share) as threads:
                parts = list(
                    threads.map(lambda first: self._some(self._blocks[first::share], net, temperature), range(share))
                )
            value = sum(part for part, _ in parts)
            activity = np.sum([part for _, part in parts], axis=0)
        return value + sum(tied.add(net, temperature, activity) for tied in self._tied), activity

    def _some(self, blocks: list[_Block], net: Floats, temperature: float) -> tuple[float, Floats]:
        total, activity = 0.0, np.zeros(self.n_rows)
        for block in blocks:
            total += _add(block, net, temperature, activity)
        return total, activity


@dataclass(frozen=True, eq=False)
class _Tied:
    """Blocks of tied units, with their own copy of what the formulation says of them."""

    piece: Piece
    by_column: sparse.csr_array
    value: Floats
    idle_by_unit: sparse.csr_array
    idle: Floats

    def add(self, net: Floats, temperature: float, activity: Floats) -> float:
        """The smoothed maxima; the expected activity is added to `activity`."""
        worth, idle = self.value - self.by_column @ net, self.idle - self.idle_by_unit @ net
        value, column, empty = self.piece.maxima(worth, idle, temperature)
        activity += self.by_column.T @ column + self.idle_by_unit.T @ empty
        return float(value.sum())


def _tied(formulation: Formulation) -> list[_Tied]:
    by_column, idle_by_unit = formulation.matrix.T, formulation.idle_matrix.T
    idle = np.where(formulation.may_idle, formulation.idle_value, -np.inf)
    return [
        _Tied(
            piece,
            by_column[piece.columns],
            formulation.value[piece.columns],
            idle_by_unit[piece.units],
            idle[piece.units],
        )
        for piece in blocks_of(formulation).pieces
    ]


def _add(block: _Block, net: Floats, temperature: float, activity: Floats) -> float:
    """The smoothed maxima of one block; its expected activity is added to `activity`."""
    worth = block.value - block.by_column @ net
    idle = block.idle if block.idle_by_unit is None else block.idle - block.idle_by_unit @ net
    best = idle.copy()
    if block.filled is None:
        np.maximum(best, np.maximum.reduceat(worth, block.start), out=best)
    elif len(block.filled):
        best[block.filled] = np.maximum(best[block.filled], np.maximum.reduceat(worth, block.start))
    best[np.isneginf(best)] = 0.0
    worth -= np.repeat(best, block.length)
    worth *= 1.0 / temperature
    np.exp(worth, out=worth)
    alone = np.exp((idle - best) / temperature)
    total = alone.copy()
    if block.filled is None:
        total += np.add.reduceat(worth, block.start)
    elif len(block.filled):
        total[block.filled] += np.add.reduceat(worth, block.start)
    total[total == 0.0] = 1.0
    worth *= np.repeat(1.0 / total, block.length)
    activity += block.by_column.T @ worth
    if block.idle_by_unit is not None:
        activity += block.idle_by_unit.T @ (alone / total)
    return float(best.sum() + temperature * np.log(total).sum())


def _split(
    by_column: Any, value: Floats, start: npt.NDArray[np.int64], idle_by_unit: Any, idle: Floats
) -> list[_Block]:
    """Blocks of about `BLOCK` columns, as views."""
    blocks, n_units = [], len(idle)
    first = 0
    while first < n_units:
        last = int(np.searchsorted(start, start[first] + BLOCK, side="right")) - 1
        last = min(max(last, first + 1), n_units)
        if start[last] == start[first]:
            last = min(n_units, first + BLOCK)
            last = max(first + 1, int(np.searchsorted(start[: last + 1], start[first], side="right")) - 1)
        begin, end = int(start[first]), int(start[last])
        length = np.diff(start[first : last + 1])
        filled = None if (length > 0).all() else np.flatnonzero(length)
        local = start[first:last] - begin
        blocks.append(
            _Block(
                by_column=_rows(by_column, begin, end),
                value=value[begin:end],
                start=local if filled is None else local[filled],
                length=length,
                filled=filled,
                idle_by_unit=_rows(idle_by_unit, first, last) if idle_by_unit.nnz else None,
                idle=idle[first:last],
            )
        )
        first = last
    return blocks


def _rows(matrix: Any, first: int, last: int) -> sparse.csr_array:
    """Neighbouring rows of a matrix without copying its entries."""
    begin, end = matrix.indptr[first], matrix.indptr[last]
    entries = (matrix.data[begin:end], matrix.indices[begin:end], matrix.indptr[first : last + 1] - begin)
    return sparse.csr_array(entries, shape=(last - first, matrix.shape[1]), copy=False)
