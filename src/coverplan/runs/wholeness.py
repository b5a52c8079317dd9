"""Where the linear relaxation is a plan already: looked for by every method before it searches."""

from __future__ import annotations

import numpy as np

from coverplan.formulation.build import Formulation
from coverplan.mip.program import Floats
from coverplan.solvers.relaxation import Relaxation

QUICK_ENTRIES = 60_000
"""Matrix entries up to which the linear relaxation takes about a second."""
TRANSPORT_COLUMNS = 100_000
"""Columns up to which that of a transport problem takes a few seconds."""
WHOLE = 1e-6


def worth_relaxing(formulation: Formulation) -> bool:
    """Whether the linear relaxation is solved soon, or is worth a wait, since it solves the problem."""
    quick = formulation.matrix.nnz <= QUICK_ENTRIES
    return quick or (formulation.pairs.n_columns <= TRANSPORT_COLUMNS and is_transport(formulation))


def is_transport(formulation: Formulation) -> bool:
    """Whether every vertex of the linear relaxation is whole, by the structure of the program.

    A column stands in the row of its unit and in at most one other. Where the entries of such a row are equal and its
    bounds are multiples of them, dividing by them leaves the incidence matrix of a bipartite graph, which is totally
    unimodular (Hoffman & Kruskal, *Integral boundary points of convex polyhedra*, 1956): accounts that take equal
    hours, or are counted.
    """
    matrix = formulation.matrix
    if formulation.linked or formulation.idle_matrix.nnz or (np.diff(matrix.indptr) > 1).any():
        return False
    entry = np.ones(formulation.n_rows)
    entry[matrix.indices] = matrix.data
    return bool((matrix.data == entry[matrix.indices]).all() and (entry != 0).all()) and all(
        _multiples(bound, entry) for bound in (formulation.lower, formulation.upper)
    )


def _multiples(bound: Floats, entry: Floats) -> bool:
    finite = np.isfinite(bound)
    times = bound[finite] / entry[finite]
    return bool((np.abs(times - np.rint(times)) <= 1e-12 * np.maximum(1.0, np.abs(times))).all())


def is_whole(formulation: Formulation, relaxed: Relaxation) -> bool:
    """Whether the relaxation's point is a plan: every column, and every unit without one, is taken whole or not."""
    if relaxed.x is None:
        return False
    taken = relaxed.x[: formulation.pairs.n_columns + formulation.pairs.n_units]
    return bool((np.abs(taken - np.rint(taken)) <= WHOLE).all())
