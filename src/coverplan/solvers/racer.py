"""One long solve in a process of its own, whose better points and bounds are read while it runs; it can be stopped."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from coverplan.mip.program import Floats, Limits, Program, Result, Step
from coverplan.solvers.registry import backend
from coverplan.solvers.workers import end_with_parent

News = Step | Result


class Racer:
    """A solve on the side. Used as a context manager: leaving it kills the process."""

    def __init__(self, program: Program, limits: Limits, start: Floats | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._news, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_race, args=(theirs, os.getpid(), program, limits, start), daemon=True)
        self._process.start()
        theirs.close()
        self.result: Result | None = None
        """Set once it has ended by itself and `news` was read."""
        self.lost = False

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.result is None and not self.lost

    def news(self) -> Iterator[Step]:
        """What has come since, without waiting."""
        try:
            while self.running and self._news.poll():
                item: News = self._news.recv()
                if isinstance(item, Result):
                    self.result = item
                else:
                    yield item
        except (EOFError, OSError):
            self.lost = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._news.close()


def _race(answers: Connection[News, News], parent: int, program: Program, limits: Limits, start: Floats | None) -> None:
    end_with_parent(parent)
    answers.send(backend("highs").solve(program, limits, start, answers.send))
