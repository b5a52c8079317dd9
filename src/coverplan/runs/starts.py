"""Plans that are there before a solve, as choices of the columns of its program."""

from __future__ import annotations

import numpy as np

from coverplan.domain.instance import Ints
from coverplan.formulation.build import Formulation
from coverplan.formulation.program import Choice, best_column


def choice_of(formulation: Formulation, rep_of_seat: Ints) -> Choice | None:
    """The choice that gives each seat this rep; None where a pair is not among the columns or members disagree."""
    pairs = formulation.pairs
    unit_rep = np.full(pairs.n_units, -2, np.int64)
    unit_rep[pairs.unit_of_seat] = rep_of_seat
    if (unit_rep[pairs.unit_of_seat] != rep_of_seat).any():
        return None
    keys = pairs.column_unit.astype(np.int64) * pairs.instance.n_reps + pairs.column_rep
    wanted = np.arange(pairs.n_units) * pairs.instance.n_reps + unit_rep
    place = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
    covered = unit_rep >= 0
    found = covered & (keys[place] == wanted) if len(keys) else np.zeros(pairs.n_units, np.bool_)
    return None if (covered & ~found).any() else np.where(covered, place, -1)


def mended(formulation: Formulation, rep_of_seat: Ints) -> Choice:
    """As much of an earlier plan as the open columns admit; a merged unit follows its first member that fits."""
    pairs = formulation.pairs
    best = best_column(formulation, np.where(formulation.open_column, formulation.value, -np.inf))
    choice = np.where(formulation.may_idle, -1, best)
    keys = pairs.column_unit.astype(np.int64) * pairs.instance.n_reps + pairs.column_rep
    if len(keys) == 0:
        return choice
    wanted = pairs.unit_of_seat.astype(np.int64) * pairs.instance.n_reps + rep_of_seat
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    fits = (rep_of_seat >= 0) & (keys[place] == wanted) & formulation.open_column[place]
    seats = np.flatnonzero(fits)[::-1]
    choice[pairs.unit_of_seat[seats]] = place[seats]
    return choice
