"""How fast each key may call: a token bucket that holds a minute's worth, in each process of the service."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_MINUTE_S = 60.0


@dataclass
class _Bucket:
    tokens: float
    at: float


@dataclass(frozen=True)
class Turn:
    """Whether a call may be made now, and how many more may."""

    per_minute: int
    remaining: int
    """Calls that could be made at once."""
    wait_s: float
    """0: it may; else the seconds until one may."""
    reset_s: float
    """Seconds until there is a token, where none is left; else until all calls of a minute could be made at once."""

    @property
    def headers(self) -> dict[str, str]:
        """As `draft-ietf-httpapi-ratelimit-headers-03` to `-07` name them: the form that most clients read."""
        return {
            "RateLimit-Limit": str(self.per_minute),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset_s)),
        }


class Rates:
    """A bucket per key: full at first, it fills up again steadily within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def turn(self, key_id: str, per_minute: int) -> Turn:
        """Take a token, if there is one."""
        now, rate = self._clock(), per_minute / _MINUTE_S
        bucket = self._buckets.setdefault(key_id, _Bucket(per_minute, now))
        bucket.tokens = min(per_minute, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        wait_s = max(0.0, (1 - bucket.tokens) / rate)
        if not wait_s:
            bucket.tokens -= 1
        missing = (1 if bucket.tokens < 1 else per_minute) - bucket.tokens
        return Turn(per_minute, int(bucket.tokens), wait_s, missing / rate)
