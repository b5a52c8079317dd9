"""Comparing what a plan claims with what was recomputed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from coverplan.verify.evaluation import Failure

ABSOLUTE, RELATIVE = 1e-6, 1e-9
MOST_FAILURES = 10_000


def near(*magnitudes: float, unit: float = 1.0) -> float:
    """How far two sums of the same numbers may lie apart, for numbers of these magnitudes.

    `unit` is the size of a single number: where that is below 1, sums may lie less far apart.
    """
    return ABSOLUTE * min(1.0, unit) + RELATIVE * max((abs(m) for m in magnitudes if math.isfinite(m)), default=0.0)


def as_number(value: Any) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def entries(document: Any, key: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, or of whatever else yields them, in a document that may be malformed."""
    rows = document.get(key) if isinstance(document, dict) else None
    if isinstance(rows, Iterable) and not isinstance(rows, str | bytes | dict):
        yield from (row for row in rows if isinstance(row, dict))


@dataclass
class Findings:
    """Collects what does not hold, the first `MOST_FAILURES` of it."""

    failures: list[Failure] = field(default_factory=list)

    def say(self, code: str, message: str) -> None:
        """Report a failure."""
        self.add([Failure(code, message)])

    def add(self, failures: Iterable[Failure]) -> None:
        """Report failures that others have found."""
        for failure in failures:
            if len(self.failures) < MOST_FAILURES:
                self.failures.append(failure)
            elif len(self.failures) == MOST_FAILURES:
                self.failures.append(Failure("more_failures", f"only the first {MOST_FAILURES:,} failures are listed"))

    def number(self, code: str, what: str, claimed: Any, expected: float | None, within: float | None = None) -> None:
        """Claimed and recomputed numbers agree, or both are null."""
        if claimed is None and expected is None:
            return
        value = as_number(claimed)
        if value is None or expected is None:
            self.say(code, f"{what} is {claimed!r}, recomputed {expected!r}")
        elif not abs(value - expected) <= (near(expected) if within is None else within):
            self.say(code, f"{what} is {value:.12g}, recomputed {expected:.12g}")

    def same(self, code: str, what: str, claimed: Any, expected: Any) -> None:
        """Claimed and recomputed values are equal."""
        if type(claimed) is not type(expected) or claimed != expected:
            self.say(code, f"{what} is {claimed!r}, recomputed {expected!r}")

    def keyed(
        self, code: str, what: str, rows: Iterable[dict[str, Any]], keys: list[str], wanted: Any
    ) -> dict[Any, Any]:
        """Rows by key; a repeated, unknown or missing key is a failure."""
        found: dict[Any, dict[str, Any]] = {}
        for row in rows:
            key = tuple(str(row.get(name)) for name in keys)
            label = " ".join(key)
            if key in found:
                self.say(code, f"{what} {label}: listed more than once")
            elif key not in wanted:
                self.say(code, f"{what} {label}: there is no such row")
            else:
                found[key] = row
        for key in wanted:
            if key not in found:
                self.say(code, f"{what} {' '.join(key)}: missing")
        return found
