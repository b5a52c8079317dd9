"""The proven gap after 1, 10 and 60 seconds, and at the end."""

from __future__ import annotations

from functools import partial

from benchmarks import traces
from benchmarks.phases import Measure, Reference, share
from benchmarks.rows import Row

TIMES = (1.0, 10.0, 60.0)


def of(row: Row, reference: Reference, t: float) -> float | None:
    """By the row's own bound; a contender that ended by itself keeps its last gap. None beyond the limit."""
    ended = row.seconds is not None and row.seconds < row.limit_s
    return traces.gap_at(row.trace, t) if t <= row.limit_s or ended else None


def final(row: Row, reference: Reference) -> float | None:
    """The proven gap at the end."""
    return row.gap


MEASURES = tuple(Measure(f"gap at {t:g} s", partial(of, t=t), share, shift=1e-5) for t in TIMES)
FINAL = Measure("proven gap", final, share, shift=1e-5)
