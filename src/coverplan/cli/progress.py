"""One line of progress on standard error: live on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.status import Status

from coverplan.payload.plan import Progress
from coverplan.wording.figures import PLAIN

EVERY_S = 3.0


class ProgressLine:
    """Shows incumbent, bound, gap and phase while a solve runs."""

    def __init__(self, currency: str, stream: TextIO | None = None) -> None:
        self.currency = currency
        self.stream = stream or sys.stderr
        console = Console(file=self.stream)
        self.live: Status | None = console.status("starting") if console.is_terminal else None
        self._shown_at = 0.0
        self._heard_at = 0.0
        self._last: Progress | None = None
        self._pending = False

    def __enter__(self) -> Self:
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()
        elif self._pending and self._last is not None:
            self._show(self._last)

    def __call__(self, progress: Progress) -> None:
        """Hear where the solve stands."""
        self._last, self._heard_at, self._pending = progress, time.monotonic(), True
        if self._due:
            self._show(progress)

    def tick(self) -> None:
        """Let the time go on when nothing was heard for a while."""
        if self._last is not None and self._due:
            silence = time.monotonic() - self._heard_at
            self._show(self._last.model_copy(update={"t": self._last.t + silence}))

    def say(self, text: str) -> None:
        """Show a remark above the line."""
        if self.live is not None:
            self.live.console.print(text)
        else:
            print(text, file=self.stream, flush=True)

    def text(self, progress: Progress) -> str:
        """The line itself."""
        parts = [f"{progress.t:6.1f} s  {progress.phase:<12}"]
        best, bound = progress.objective_value, progress.dual_bound
        parts.append("no plan yet" if best is None else PLAIN.money(best, self.currency, 0))
        if bound is not None:
            parts.append(f"bound {PLAIN.amount_at_most(bound)}")
        if progress.gap is not None:
            parts.append(f"gap {PLAIN.percent_at_most(progress.gap)}")
        return "  ".join(parts)

    @property
    def _due(self) -> bool:
        return self.live is not None or time.monotonic() - self._shown_at >= EVERY_S

    def _show(self, progress: Progress) -> None:
        if self.live is not None:
            self.live.update(self.text(progress))
        else:
            print(self.text(progress), file=self.stream, flush=True)
        self._shown_at, self._pending = time.monotonic(), False
