"""Processes that solve small programs side by side; a crash of native code in one loses that program only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

from coverplan.mip.program import Floats, Limits, Program, Result
from coverplan.solvers.helpers import Answer, Helper, HelperLostError
from coverplan.solvers.registry import backend

T = TypeVar("T")


class Workers:
    """A few processes; programs and results travel as arrays. Used as a context manager."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="helper")
        self._idle: SimpleQueue[Helper] = SimpleQueue()
        self._helpers: set[Helper] = set()
        self._lock = Lock()
        self._closed = False

    def submit(self, program: Program, limits: Limits, start: Floats | None) -> Future[Result]:
        """Queue one program."""
        return self.call(_solve, program, limits, start)

    def call(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Queue a call of any function of a module; one whose process is lost raises HelperLostError."""
        return self._threads.submit(self._ask, function, arguments)

    def _ask(self, function: Callable[..., T], arguments: tuple[object, ...]) -> T:
        helper = self._take()
        try:
            helper.send(function, *arguments)
            answer: Answer = helper.receive()
        except HelperLostError:
            with self._lock:
                self._helpers.discard(helper)
            helper.close()
            raise
        self._idle.put(helper)
        if answer.error is not None:
            raise answer.error
        value: Any = answer.value
        return value  # type: ignore[no-any-return]

    def _take(self) -> Helper:
        """An idle helper, or a new one."""
        try:
            return self._idle.get_nowait()
        except Empty:
            pass
        with self._lock:
            if self._closed:
                raise HelperLostError
            helper = Helper()
            self._helpers.add(helper)
        return helper

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
            helpers = tuple(self._helpers)
        for helper in helpers:
            helper.kill()
        self._threads.shutdown()
        for helper in helpers:
            helper.close()


def _solve(program: Program, limits: Limits, start: Floats | None) -> Result:
    return backend("highs").solve(program, limits, start)
