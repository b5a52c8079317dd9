"""The closest plan to today where few plans are possible at all: every one of them is looked at."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Floats
from coverplan.formulation.build import Formulation
from coverplan.formulation.closeness import Closeness, Counts
from coverplan.formulation.ledger import ledger
from coverplan.formulation.program import Choice
from coverplan.mip.rows import violation

MOST_PLANS = 4_096
MOST_CELLS = 2_000_000
"""Plans times columns and rows up to which they are laid out beside each other."""


def closest_of_few(formulation: Formulation, closeness: Closeness, objective: float, tolerance: float) -> Choice | None:
    """The closest of all plans worth `objective - tolerance` at least, by the caller's order where several are.

    None where there are too many to look at, or rules link units.
    """
    pairs = formulation.pairs
    many = np.bincount(pairs.column_unit[formulation.open_column], minlength=pairs.n_units) + formulation.may_idle
    width = pairs.n_columns + formulation.n_rows + pairs.n_units
    if formulation.linked or np.log2(np.maximum(many, 1)).sum() > np.log2(MOST_PLANS):
        return None
    if int(np.prod(many)) * width > MOST_CELLS or (many == 0).any():
        return None
    plans = _plans(formulation, many)
    taken, idle = _points(formulation, plans)
    activity = taken @ formulation.matrix.T + idle @ formulation.idle_matrix.T
    missed = violation(activity, formulation.lower, formulation.upper)
    hard = np.isinf(formulation.penalty)
    worth = taken @ formulation.value + idle @ formulation.idle_value + formulation.offset
    worth -= missed[:, ~hard] @ formulation.penalty[~hard]
    good = (missed[:, hard] <= np.maximum(*formulation.rounding)[hard]).all(axis=1)
    good &= worth >= objective - tolerance
    plans, taken, idle = plans[good], taken[good], idle[good]
    for place in np.lexsort(_levels(formulation, closeness, plans, taken, idle).T[::-1]):
        account = ledger(formulation, plans[place])
        if account.exact and account.objective >= objective - tolerance:
            return np.asarray(plans[place])
    return None


def _plans(formulation: Formulation, many: Counts) -> Counts:
    """All choices, (plans, units)."""
    options = []
    for unit in range(len(many)):
        first, last = formulation.pairs.unit_start[unit : unit + 2].tolist()
        columns = first + np.flatnonzero(formulation.open_column[first:last])
        options.append(np.append(columns, -1) if formulation.may_idle[unit] else columns)
    return np.stack(np.meshgrid(*options, indexing="ij"), axis=-1).reshape(-1, len(many)).astype(np.int64)


def _points(formulation: Formulation, plans: Counts) -> tuple[Floats, Floats]:
    """Which columns each plan takes and which units it leaves without one, as 0 and 1."""
    taken = np.zeros((len(plans), formulation.pairs.n_columns))
    plan, unit = np.nonzero(plans >= 0)
    taken[plan, plans[plan, unit]] = 1.0
    return taken, (plans < 0).astype(np.float64)


def _levels(formulation: Formulation, closeness: Closeness, plans: Counts, taken: Floats, idle: Floats) -> Counts:
    """Distance from today, then how many seats of each unit change, then its rep, in the caller's order of units."""
    pairs = formulation.pairs
    counts = taken @ closeness.columns + idle @ closeness.idle
    covered = plans >= 0
    at = np.maximum(plans, 0)
    changes = np.where(covered, closeness.columns[at, 1:].sum(axis=-1), closeness.idle[:, 1:].sum(axis=1))
    reps = np.where(covered, 1 + pairs.column_rep[at], 0)
    first = np.full(pairs.n_units, len(pairs.unit_of_seat))
    np.minimum.at(first, pairs.unit_of_seat, np.arange(len(pairs.unit_of_seat)))
    order = np.argsort(first, kind="stable")
    return np.column_stack([np.rint(counts).astype(np.int64), changes[:, order], reps[:, order]])
