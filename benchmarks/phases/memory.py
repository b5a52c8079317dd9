"""Peak memory of all processes of a contender, loading included."""

from __future__ import annotations

from benchmarks.phases import Measure, Reference
from benchmarks.rows import Row


def of(row: Row, reference: Reference) -> float | None:
    """Megabytes."""
    return row.peak_memory_mb


def text(number: float) -> str:
    """Megabytes, or gigabytes where they are many."""
    return f"{number:,.0f} MB" if number < 1_000 else f"{number / 1_024:.1f} GB"


MEASURE = Measure("memory", of, text, shift=1.0)
