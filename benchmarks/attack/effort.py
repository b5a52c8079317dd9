"""How much of the whole attack there is time for."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

WHOLE_MIN = 20.0
"""Minutes that the whole attack takes on two processors."""


class Effort:
    """A share of the whole attack, and its end: with less time, all is tried less often."""

    def __init__(self, minutes: float) -> None:
        self._share = min(1.0, minutes / WHOLE_MIN)
        self._ends_at = time.monotonic() + 60 * minutes

    def of(self, count: int) -> int:
        """How many of so many; at least one."""
        return max(1, math.ceil(self._share * count))

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return time.monotonic() > self._ends_at

    def rounds(self, count: int) -> Iterator[int]:
        """Count the rounds: the share of `count`, and none once the time has passed but for the first."""
        for number in range(self.of(count)):
            if number and self.is_over:
                return
            yield number
