"""One long solve in a process of its own, whose better points and bounds are read while it runs; it can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from coverplan.mip.program import Floats, Limits, Program, Result, Step
from coverplan.solvers.helpers import Answer, Helper, HelperLostError
from coverplan.solvers.registry import backend


class Racer:
    """A solve on the side. Used as a context manager: leaving it kills the process."""

    def __init__(self, program: Program, limits: Limits, start: Floats | None) -> None:
        self._helper = Helper()
        self._helper.send(_race, program, limits, start, told=True)
        self.result: Result | None = None
        """Set once it has ended by itself and `news` was read."""
        self.lost = False

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self.result is None and not self.lost

    def news(self) -> Iterator[Step]:
        """What has come since, without waiting."""
        if not self.running:
            return
        try:
            for item in self._helper.received():
                if isinstance(item, Answer):
                    self.result, self.lost = item.value, item.error is not None
                    return
                yield item
        except HelperLostError:
            self.lost = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._helper.close()


def _race(program: Program, limits: Limits, start: Floats | None, tell: Callable[[Step], None]) -> Result:
    return backend("highs").solve(program, limits, start, tell)
