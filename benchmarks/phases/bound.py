"""How good the bound is whatever the plan: its distance to the best plan that anybody found."""

from __future__ import annotations

from benchmarks.phases import Measure, Reference, share
from benchmarks.rows import Row
from coverplan.mip.program import gap


def of(row: Row, reference: Reference) -> float | None:
    """Relative distance from the best plan up to this row's bound."""
    return gap(reference.best, row.bound)[0]


MEASURE = Measure("bound to best plan", of, share, shift=1e-5)
