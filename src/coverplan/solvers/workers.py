"""Processes that solve small programs side by side; a crash of native code in one loses that program only."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from coverplan.mip.program import Floats, Limits, Program, Result
from coverplan.solvers.registry import backend

T = TypeVar("T")


class Workers:
    """A few processes; programs and results travel as arrays. Used as a context manager."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count = count
        self._pool = ProcessPoolExecutor(count, context, initializer=_prepare, initargs=(os.getpid(),))

    def submit(self, program: Program, limits: Limits, start: Floats | None) -> Future[Result]:
        """Queue one program."""
        return self._pool.submit(_solve, program, limits, start)

    def call(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Queue a call of any function of a module."""
        return self._pool.submit(function, *arguments)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in list((self._pool._processes or {}).values()):
            process.kill()


def _prepare(parent: int) -> None:
    """End with the parent, and load the backend before the first program arrives."""
    end_with_parent(parent)
    backend("highs")


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, and leave interrupts to the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _solve(program: Program, limits: Limits, start: Floats | None) -> Result:
    return backend("highs").solve(program, limits, start)
