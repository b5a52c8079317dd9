"""An experiment in words: what it comes to before it starts, how far it is, and what it found."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table

from coverplan.cli.summary import PIPE_WIDTH
from coverplan.payload.experiments.results import ExperimentResults, PolicyResult
from coverplan.payload.experiments.state import ExperimentEstimate, ExperimentState
from coverplan.studies.metrics import GAP, MONEY, SHARE
from coverplan.wording.figures import PLAIN

EVERY_S = 3.0
SHOWN = ("expected_revenue", "relationship_loss", "moved_share", "moved_revenue_share", "revenue_max_min", "gap")
_WIDEST = 44
_UNBOUNDED = 10_000
_SHARE_DIGITS = 2


def estimate_text(found: ExperimentEstimate) -> str:
    """Cells and work, in a line."""
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.by_kind.model_dump().items() if number)
    return (
        f"{len(found.policies):,} policies, at most {found.cells:,} solves ({kinds}), "
        f"at most {duration(found.seconds_at_most)}"
    )


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, the two that matter."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


class CellLine:
    """One line of progress on standard error: live on a terminal, a line every few seconds elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        console = Console(file=self.stream)
        self._live: Status | None = console.status("starting") if console.is_terminal else None
        self._began = time.monotonic()
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, state: ExperimentState) -> None:
        """Hear how far it is."""
        if self._live is not None:
            self._live.update(self.text(state))
        elif time.monotonic() - self._shown_at >= EVERY_S:
            self._shown_at = time.monotonic()
            print(self.text(state), file=self.stream, flush=True)

    def text(self, state: ExperimentState) -> str:
        """The line itself."""
        cells = state.cells
        total = sum(cells.model_dump().values())
        ended = cells.completed + cells.failed + cells.cancelled
        parts = [
            f"{time.monotonic() - self._began:6.1f} s  {ended:,} of {total:,} solves",
            f"{cells.running:,} running",
        ]
        if cells.failed:
            parts.append(f"{cells.failed:,} failed")
        if state.phase == "compare":
            parts.append("comparing")
        return "  ".join(parts)


def print_results(found: ExperimentResults, *, as_json: bool = False) -> None:
    """Print the comparison on standard output: a table of the policies, or the document."""
    if as_json:
        print(found.model_dump_json(by_alias=True))
        return
    console = Console()
    console = console if console.is_terminal else Console(width=PIPE_WIDTH)
    table = Table(box=box.SIMPLE, pad_edge=False)
    longest = max(len(_name(found, one)) for one in found.policies)
    table.add_column("policy", overflow="fold", min_width=min(longest, _WIDEST))
    rows = [_row(found, one) for one in found.policies]
    for place, name in enumerate(SHOWN, 1):
        # Words of a title may break, a number may not.
        table.add_column(name.replace("_", " "), justify="right", min_width=max(len(row[place]) for row in rows))
    if any(one.accepted for one in found.policies):
        table.add_column("accepted")
    for row in rows:
        table.add_row(*row)
    # What a row ends with must not be cut off: on a narrow terminal lines break instead.
    least = Measurement.get(console, console.options.update(max_width=_UNBOUNDED), table).minimum
    console.print(table, width=max(console.width, least), crop=False)
    if any(_missing(found, one) for one in found.policies):
        console.print("* A mean over the problems that the policy has a plan on, not over all.")
    console.print(escape(found.verdict.why))
    for note in found.notes:
        console.print(escape(note))


def _row(found: ExperimentResults, one: PolicyResult) -> list[str]:
    units = {metric.name: metric.unit for metric in found.metrics}
    mark = "*" if _missing(found, one) else ""
    shown = [(one.metrics.get(metric), units.get(metric, "")) for metric in SHOWN]
    values = [f"{_shown(value, unit)}{mark if value is not None else ''}" for value, unit in shown]
    verdict = [] if not one.accepted else ["yes" if one.policy_id in found.accepted else "no"]
    return [escape(_name(found, one)), *values, *verdict]


def _name(found: ExperimentResults, one: PolicyResult) -> str:
    said = ["baseline"] if one.policy_id == found.baseline else []
    said += [_missing(found, one)] if one.infeasible or one.unsolved else []
    return f"{one.policy_id} ({', '.join(said)})" if said else one.policy_id


def _missing(found: ExperimentResults, one: PolicyResult) -> str:
    """On how many problems a policy has no plan, and whether that is proven; empty: it has one on each."""
    size = found.problems
    parts = [("infeasible", len(one.infeasible)), ("no plan found", len(one.unsolved))]
    return ", ".join(f"{what} on {few:,} of {size:,} problems" if size > 1 else what for what, few in parts if few)


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == GAP:
        return PLAIN.percent_at_most(value, _SHARE_DIGITS)
    if unit == SHARE:
        return PLAIN.percent(value, _SHARE_DIGITS)
    return PLAIN.number(value, 0) if unit == MONEY else PLAIN.significant(value, 3, math.inf)
