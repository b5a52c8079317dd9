"""The primal integral: how early good plans came, in seconds (Berthold 2013)."""

from __future__ import annotations

from benchmarks import traces
from benchmarks.phases import Measure, Reference, seconds
from benchmarks.rows import Row


def of(row: Row, reference: Reference) -> float | None:
    """Over the row's limit, against the best plan that anybody found; the limit itself without a plan."""
    if reference.best is None:
        return None
    return traces.primal_integral(row.trace, reference.best, row.limit_s)


MEASURE = Measure("primal integral", of, seconds, shift=0.1)
