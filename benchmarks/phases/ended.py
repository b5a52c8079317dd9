"""When a contender ended, and what loading took before its clock started."""

from __future__ import annotations

from benchmarks.phases import Measure, Reference, seconds
from benchmarks.rows import Row


def of(row: Row, reference: Reference) -> float | None:
    """Seconds from the loaded problem; None where it was killed or crashed."""
    return row.seconds


def loading(row: Row, reference: Reference) -> float | None:
    """Seconds to read the problem, or a peer's arrays."""
    return row.load_seconds


MEASURE = Measure("ended after", of, seconds, shift=0.1)
LOADING = Measure("loading", loading, seconds, shift=0.1)
