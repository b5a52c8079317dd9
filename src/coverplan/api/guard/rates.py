"""How fast each key may call: a token bucket that holds a minute's worth, in each process of the service."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE_S = 60.0


@dataclass
class _Bucket:
    tokens: float
    at: float


class Rates:
    """A bucket per key: full at first, it fills up again steadily within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key_id: str, per_minute: int) -> float:
        """Take a token; or the seconds until there is one."""
        now, rate = self._clock(), per_minute / _MINUTE_S
        bucket = self._buckets.setdefault(key_id, _Bucket(per_minute, now))
        bucket.tokens = min(per_minute, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / rate
        bucket.tokens -= 1
        return 0.0
