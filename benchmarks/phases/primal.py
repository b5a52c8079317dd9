"""How good the plan is whatever the contender proves of it: its distance to the least bound that anybody proved."""

from __future__ import annotations

from benchmarks.phases import Measure, Reference, share
from benchmarks.rows import Row
from coverplan.mip.program import gap


def of(row: Row, reference: Reference) -> float | None:
    """Relative distance to the reference's bound; None without a plan that holds."""
    return gap(row.objective, reference.bound)[0]


MEASURE = Measure("to best bound", of, share, shift=1e-5)
