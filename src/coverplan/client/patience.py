"""How long to try again, and how long to pause in between."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from coverplan.client.errors import ConnectionFailedError, UnavailableError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 10.0


class Patience:
    """Growing pauses between attempts, until they take too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        """Something went well."""
        self._ends, self._pause = time.monotonic() + self._seconds, _FIRST_PAUSE_S

    def pause_s(self, error: UnavailableError | ConnectionFailedError) -> float:
        """Seconds until the next attempt; raises the error where another would not help, or patience has ended."""
        pause = self._pause * random.uniform(0.5, 1.0)
        if isinstance(error, UnavailableError):
            pause = max(pause, error.retry_after_s)
        elif not error.may_pass:
            raise error
        if time.monotonic() + pause > self._ends:
            raise error
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
        return pause


def pauses(longest_s: float) -> Iterator[float]:
    """Seconds between looks at what takes a while: soon at first, then less and less often."""
    pause = 0.1
    while True:
        yield pause
        pause = min(1.5 * pause, longest_s)
