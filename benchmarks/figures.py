"""Figures of the service around the solver: many short measurements of one thing, kept as their quantiles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

FILE = "service.json"


@dataclass(frozen=True)
class Figure:
    """Seconds of one thing at one size."""

    what: str
    size: str
    count: int
    median: float
    p99: float
    worst: float

    @classmethod
    def of(cls, what: str, size: str, seconds: Sequence[float]) -> Figure:
        """The quantiles; p99 of fewer than a hundred is interpolated towards the worst."""
        median, p99, worst = np.quantile(seconds, [0.5, 0.99, 1.0]).tolist()
        return cls(what, size, len(seconds), median, p99, worst)

    def line(self) -> str:
        """In words, for whoever watches."""
        return (
            f"{self.what}, {self.size}, {self.count} times: "
            f"median {_time(self.median)}, p99 {_time(self.p99)}, worst {_time(self.worst)}"
        )


def read(folder: Path) -> list[Figure]:
    """What was measured before."""
    path = folder / FILE
    return [Figure(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def put(folder: Path, new: Iterable[Figure]) -> None:
    """Add figures; those of the same thing and size are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {(figure.what, figure.size): figure for figure in [*read(folder), *new]}
    (folder / FILE).write_text(json.dumps([asdict(figure) for figure in kept.values()], indent=1), encoding="utf-8")


def table(figures: Iterable[Figure]) -> str:
    """The figures as Markdown."""
    lines = ["| what | size | times | median | p99 | worst |", "|---|---|--:|--:|--:|--:|"]
    for figure in figures:
        numbers = [_time(figure.median), _time(figure.p99), _time(figure.worst)]
        lines.append(f"| {figure.what} | {figure.size} | {figure.count} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms" if abs(seconds) < 1 else f"{seconds:.2f} s"
