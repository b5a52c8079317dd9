"""The model as arrays in one file: what every peer gets, whatever environment it runs in. Only numpy is needed.

The program is to maximise `objective @ x + offset` subject to `row_lower <= A x <= row_upper` and
`lower <= x <= upper`, with A as compressed rows. Its first columns are the pairs (unit, rep), then one column per unit
that says it stays uncovered, then slacks. The rest tells a heuristic what a pair is.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Arrays:
    """One model."""

    objective: Floats
    offset: Floats
    indptr: Ints
    indices: Ints
    data: Floats
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    unit_start: Ints
    """Columns of unit u: `unit_start[u]` to `unit_start[u + 1]`."""
    rep: Ints
    """Rep of each pair column; likewise `hours`, `current` (the unit's rep of today) and `opened` (not locked away)."""
    hours: Floats
    current: Bools
    opened: Bools
    may_idle: Bools
    """Per unit: it may stay uncovered."""
    revenue: Floats
    """Base revenue per unit."""
    capacity: Floats
    """Hours per rep; NaN without a limit."""

    @property
    def n_units(self) -> int:
        return len(self.unit_start) - 1

    @property
    def n_columns(self) -> int:
        return len(self.rep)

    @property
    def unit(self) -> Ints:
        """Unit of each pair column."""
        return np.repeat(np.arange(self.n_units), np.diff(self.unit_start))

    @property
    def value(self) -> Floats:
        """Objective of each pair column."""
        return self.objective[: self.n_columns]

    def choice(self, x: Floats) -> Ints:
        """The column that a whole point takes in each unit, -1 for none."""
        chosen = np.full(self.n_units, -1, np.int64)
        taken = np.flatnonzero(x[: self.n_columns] > 0.5)
        chosen[self.unit[taken]] = taken
        return chosen

    def write(self, path: Path) -> None:
        """One `.npz` file."""
        partial = path.with_name(f"partial-{path.name}")
        np.savez(partial, allow_pickle=False, **{field.name: getattr(self, field.name) for field in fields(self)})
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> Arrays:
        """A file of `write`."""
        with np.load(path) as saved:
            return cls(**{field.name: saved[field.name] for field in fields(cls)})
