"""Growth with size: what each contender needs on the generated books from the smallest to the largest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median

from benchmarks import traces
from benchmarks.rows import Row

GOOD = 0.01
"""The proven gap that counts as an answer."""
Curve = list[tuple[int, float]]


def answered(row: Row) -> float | None:
    """Seconds to a proven gap of one per cent."""
    return traces.within(row.trace, GOOD)


def unanswered(row: Row) -> float | None:
    """The limit of a row that had one and did not get there; the heuristics, which prove nothing, do not try."""
    proves = any(point.bound is not None for point in row.trace) or row.status in {"no plan", "killed", "crashed"}
    return row.limit_s if proves and answered(row) is None else None


def curves(rows: Iterable[Row], of: Callable[[Row], float | None]) -> dict[str, Curve]:
    """Per contender: pairs and the median number over the repetitions, on the books under the usual rules."""
    found: dict[str, dict[int, list[float]]] = {}
    for row in rows:
        number = of(row)
        if is_plain_book(row) and number is not None:
            found.setdefault(row.contender, {}).setdefault(row.pairs, []).append(number)
    return {name: [(pairs, median(numbers)) for pairs, numbers in sorted(at.items())] for name, at in found.items()}


def is_plain_book(row: Row) -> bool:
    """Whether the row's instance is a book that differs from the others by its size only."""
    return row.instance.startswith("book/") and row.instance.count("-") == 0
