"""Continuous columns that may as well be whole: a solver of whole numbers loses nothing by them."""

from __future__ import annotations

import numpy as np

from coverplan.mip.program import Bools, Floats, Program


def implied_integers(program: Program) -> Bools:
    """Columns of several rows that are whole in some point as good as any, at the same values of the integer columns.

    Such a column earns nothing. Some of its rows ask for it: in each it is the only continuous column, the others come
    in whole multiples of its coefficient, and so does the bound; then the least that is asked for is whole. All its
    other rows are the better off the less of it there is. So the least of each is taken, all at once.
    """
    matrix = program.matrix.tocsr()
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    column, size = matrix.indices, len(program.objective)
    has_lower, has_upper = np.isfinite(program.row_lower), np.isfinite(program.row_upper)
    below, above = has_lower[row], has_upper[row]
    asks = np.where(matrix.data < 0, above & ~below, below & ~above)
    alone = np.bincount(row, ~program.integer[column], matrix.shape[0]) == 1
    unit = np.ones(matrix.shape[0])
    own = asks & alone[row] & ~program.integer[column]
    unit[row[own]] = np.abs(matrix.data[own])
    broken = np.bincount(row, ~_whole(matrix.data / unit[row]), matrix.shape[0]) > 0
    bound = np.where(has_upper, program.row_upper, np.where(has_lower, program.row_lower, 0.0))
    broken |= ~_whole(bound / unit)
    bad = (below & above) | (asks & ~(alone & ~broken)[row])
    may = ~program.integer & (program.objective <= 0.0) & np.isfinite(program.lower) & _whole(program.lower)
    may &= np.isinf(program.upper) | _whole(program.upper)
    return np.asarray(may & (np.bincount(column, bad, size) == 0) & (np.bincount(column, minlength=size) > 1))


def _whole(values: Floats) -> Bools:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(values - np.rint(values)) <= 1e-12 * np.maximum(1.0, np.abs(values)))
