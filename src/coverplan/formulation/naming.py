"""Names of columns and rows in the caller's ids, for exported models."""

from __future__ import annotations

import numpy as np

from coverplan.formulation.build import Formulation


def names(formulation: Formulation) -> tuple[list[str], list[str]]:
    """Names of the program's columns and rows, in order; slacks and auxiliaries are numbered."""
    pairs = formulation.pairs
    seats, instance = pairs.book.seats, pairs.instance
    first = np.zeros(pairs.n_units, np.int64)
    first[pairs.unit_of_seat[::-1]] = np.arange(len(seats))[::-1]
    several = len(instance.roles) > 1
    unit = [
        instance.accounts.ids[seats.account[seat]] + (f"/{instance.roles[seats.role[seat]]}" if several else "")
        for seat in first.tolist()
    ]
    reps = instance.reps.ids
    taken = [f"x:{unit[place]}:{reps[rep]}" for place, rep in zip(pairs.column_unit, pairs.column_rep, strict=True)]
    soft = np.isfinite(formulation.penalty)
    keys = [f"{rule}:{scope}" for rule, scope in formulation.row_keys()]
    over = [f"over:{keys[row]}" for row in np.flatnonzero(soft & np.isfinite(formulation.upper))]
    under = [f"under:{keys[row]}" for row in np.flatnonzero(soft & np.isfinite(formulation.lower))]
    columns = [*taken, *(f"uncovered:{name}" for name in unit), *over, *under]
    rows = [*keys, *(f"one_rep:{name}" for name in unit)]
    for rule, block in formulation.linked:
        columns += [f"aux:{rule.id}:{index}" for index in range(len(block.owner))]
        columns += [f"over:{rule.id}:{label}" for label in block.labels] if rule.penalty is not None else []
        rows += [f"tie:{rule.id}:{index}" for index in range(len(block.upper))]
        rows += [f"{rule.id}:{label}" for label in block.labels]
    return columns, rows
