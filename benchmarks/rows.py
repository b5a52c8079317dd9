"""Rows of results: what one contender reached on one instance in one repetition, kept as JSON."""

from __future__ import annotations

import datetime as dt
import json
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

import coverplan
from benchmarks.fingerprint import fingerprint
from benchmarks.traces import Point
from coverplan.machine import processors
from coverplan.mip.program import gap

RESULTS = "results.json"
PACKAGES = ("coverplan", "ortools", "pulp", "numpy", "scipy", "polars")
ENGINE = ("domain", "mip", "solvers", "constraints", "formulation", "pricing", "runs")


@dataclass(frozen=True)
class Row:
    """Money as in the problem; seconds from the loaded problem; memory of all processes at its peak."""

    instance: str
    contender: str
    repetition: int
    limit_s: float
    relative_gap: float
    status: str
    """optimal, plan, not verified, breaks hard rules, no plan, infeasible, not expressible, not available, crashed,
    killed."""
    objective: float | None = None
    """As recounted; None where the plan breaks a hard rule."""
    bound: float | None = None
    seconds: float | None = None
    load_seconds: float | None = None
    all_seconds: float | None = None
    """Of the whole process, from its start to the written plan."""
    peak_memory_mb: float | None = None
    method: str | None = None
    verified: bool | None = None
    verify_seconds: float | None = None
    certificate_bound: float | None = None
    """Recomputed from the plan's prices by `coverplan verify`."""
    accounts: int = 0
    reps: int = 0
    pairs: int = 0
    rows: int = 0
    best_known: float | None = None
    notes: tuple[str, ...] = ()
    trace: tuple[Point, ...] = ()
    code: str = ""
    date: str = ""

    @property
    def gap(self) -> float | None:
        """The proven relative gap."""
        return gap(self.objective, self.bound)[0]

    @property
    def key(self) -> tuple[str, str, int, float, float]:
        """What a row measures; a later row of the same key takes its place."""
        return self.instance, self.contender, self.repetition, self.limit_s, self.relative_gap


@dataclass
class Results:
    """All rows so far, and what they were measured on."""

    about: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def put(self, row: Row) -> None:
        """Add a row, or replace the one of its key."""
        self.rows = [other for other in self.rows if other.key != row.key] + [row]

    def has(self, key: tuple[str, str, int, float, float], code: str) -> bool:
        """Whether the same code measured this already, and came to an end."""
        return any(row.key == key and row.code == code and row.status != "crashed" for row in self.rows)

    def write(self, path: Path) -> None:
        """One line per row, so that differences can be read."""
        rows = ",\n".join(json.dumps(_plain(row)) for row in self.rows)
        partial = path.with_suffix(".partial")
        partial.write_text(f'{{"about": {json.dumps(self.about)},\n"rows": [\n{rows}\n]}}\n', encoding="utf-8")
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """A file of `write`; empty where there is none."""
        if not path.exists():
            return cls()
        document = json.loads(path.read_text(encoding="utf-8"))
        return cls(document["about"], [_row(entry) for entry in document["rows"]])


def _plain(row: Row) -> dict[str, Any]:
    """The row as JSON, without what is absent; traces to milliseconds and ten digits, which plots cannot tell apart."""
    trace = [[round(point.t, 3), _ten_digits(point.objective), _ten_digits(point.bound)] for point in row.trace]
    entry = {name: value for name, value in asdict(row).items() if value not in (None, (), "")}
    return {**entry, "trace": trace}


def _ten_digits(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.10g}")


def _row(entry: dict[str, Any]) -> Row:
    known = {name.name for name in fields(Row)}
    given = {name: value for name, value in entry.items() if name in known}
    trace = tuple(Point(*point) for point in entry.get("trace", []))
    return Row(**{**given, "trace": trace, "notes": tuple(entry.get("notes", []))})


def code() -> str:
    """Fingerprint of the code that decides how a problem is solved; the service around it may change."""
    root = Path(coverplan.__path__[0])
    return fingerprint(*(root / package for package in ENGINE))


def about(peers: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
    """Machine, versions and date; `peers` are the packages of those with an environment of their own."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {
            "processor": _processor(),
            "cores": processors(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "peers": {name: list(required) for name, required in (peers or {}).items()},
        "commit": _commit(),
        "code": code(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _commit() -> str | None:
    """Name of the commit, `+` where files differ from it."""
    folder = Path(__file__).parent
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None
