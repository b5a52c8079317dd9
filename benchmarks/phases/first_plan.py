"""Time to the first plan."""

from __future__ import annotations

from benchmarks import traces
from benchmarks.phases import Measure, Reference, seconds
from benchmarks.rows import Row


def of(row: Row, reference: Reference) -> float | None:
    """Seconds from the loaded problem; None without a plan that holds."""
    return traces.first_plan(row.trace)


MEASURE = Measure("first plan", of, seconds, shift=0.1)
