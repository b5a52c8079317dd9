"""What came of an attack: how much was tried, and what was lost, doubled or wrong, which must be nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

FILE, TABLE = "attack.json", "attack.md"
REMARKS = 20
"""Most remarks of an attack that are kept: they repeat themselves."""


@dataclass(frozen=True)
class Takeover:
    """Seconds from a death to the next worker's begin, or what `what` says; p99 of few lies just below the worst."""

    what: str
    count: int
    median: float
    p99: float
    worst: float
    bar_s: float | None = None

    @classmethod
    def of(cls, what: str, seconds: Sequence[float], bar_s: float | None = None) -> Takeover:
        """The quantiles."""
        median, p99, worst = np.quantile(seconds, [0.5, 0.99, 1.0]).round(3).tolist()
        return cls(what, len(seconds), median, p99, worst, bar_s)

    def __str__(self) -> str:
        bar = "" if self.bar_s is None else f" (bar {self.bar_s:g} s{'' if self.p99 <= self.bar_s else ', MISSED'})"
        return f"{self.what}: median {self.median:.1f}, p99 {self.p99:.1f}, worst {self.worst:.1f} s{bar}"


@dataclass
class Outcome:
    """One attack."""

    part: str
    what: str
    tried: int = 0
    accepted: int = 0
    """Runs, batch lines and cells whose submission was acknowledged."""
    finished: int = 0
    """Those that ended as they had to, with a plan that `verify` confirms."""
    lost: int = 0
    doubled: int = 0
    """Calls that made two runs, runs with two ends or two different messages of their end."""
    wrong: int = 0
    """Answers and effects that must not be; `remarks` says which."""
    refused: int = 0
    """Submissions that were answered with 503 or not at all, and sent again."""
    takeovers: list[Takeover] = field(default_factory=list)
    slowest_probe_s: float | None = None
    """Longest answer of /healthz meanwhile."""
    peak_mb: float | None = None
    """Most memory of the service, without its solver children."""
    skipped: str | None = None
    """Why it was not tried."""
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        return not (self.lost or self.doubled or self.wrong)

    def fault(self, remark: str) -> None:
        """Count something wrong."""
        self.wrong += 1
        self.remarks.append(remark)

    def line(self) -> str:
        """In words, for whoever watches."""
        if self.skipped is not None:
            return f"{self.part}: {self.what}: skipped, {self.skipped}"
        words = [f"tried {self.tried:,}"]
        if self.accepted:
            words.append(f"accepted {self.accepted:,}, finished {self.finished:,}")
        words.append(f"lost {self.lost}, doubled {self.doubled}, wrong {self.wrong}")
        words += map(str, self.takeovers)
        if self.slowest_probe_s is not None:
            words.append(f"slowest /healthz {self.slowest_probe_s:.2f} s")
        if self.peak_mb is not None:
            words.append(f"at most {self.peak_mb:,.0f} MB")
        told = "".join(f"\n    {remark}" for remark in self.remarks[:REMARKS])
        return f"{self.part}: {self.what}: {'; '.join(words)} ({self.seconds:.0f} s){told}"


def table(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as Markdown."""
    head = [
        "| part | attack | tried | accepted | finished | lost | doubled | wrong | times | `/healthz` | memory |",
        "|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|",
    ]
    return "\n".join([*head, *map(_row, outcomes)]) + "\n"


def keep(folder: Path, outcomes: Sequence[Outcome], about: str) -> list[Path]:
    """Write them as JSON and as a table; those of the same part and attack are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    written, shown = folder / FILE, folder / TABLE
    before = json.loads(written.read_text(encoding="utf-8")) if written.exists() else []
    rows = {(row["part"], row["what"]): row for row in [*before, *map(asdict, outcomes)]}
    written.write_text(json.dumps(list(rows.values()), indent=1), encoding="utf-8")
    whole = table([_outcome(row) for row in rows.values()])
    shown.write_text(f"# Attacked\n\n{about}\n\n{whole}", encoding="utf-8")
    return [written, shown]


def _outcome(row: dict[str, object]) -> Outcome:
    takeovers = [Takeover(**one) for one in row["takeovers"]]  # type: ignore[attr-defined]
    return Outcome(**{**row, "takeovers": takeovers})  # type: ignore[arg-type]


def _row(one: Outcome) -> str:
    if one.skipped is not None:
        return f"| {one.part} | {one.what} | skipped: {one.skipped} |  |  |  |  |  |  |  |  |"
    runs = [f"{one.accepted:,}", f"{one.finished:,}"] if one.accepted else ["", ""]
    probe = "" if one.slowest_probe_s is None else f"{one.slowest_probe_s:.2f} s"
    memory = "" if one.peak_mb is None else f"{one.peak_mb:,.0f} MB"
    times = "; ".join(map(str, one.takeovers))
    counts = [f"{one.tried:,}", *runs, str(one.lost), str(one.doubled), str(one.wrong)]
    return f"| {one.part} | {one.what} | {' | '.join([*counts, times, probe, memory])} |"
