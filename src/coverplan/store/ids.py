"""Ids of what is stored: sorted by time, not to be guessed."""

from __future__ import annotations

import secrets
import time

_DIGITS = 12


def new_id(prefix: str) -> str:
    """An id such as `run-0198b2c4d5e6a1b2c3d4e5f60718`: milliseconds since 1970, then 64 random bits."""
    return f"{prefix}-{time.time_ns() // 1_000_000:0{_DIGITS}x}{secrets.token_hex(8)}"


def earliest_id(prefix: str, seconds: float) -> str:
    """What no id is before that was made at a time or later; any time will do."""
    milliseconds = min(max(0, int(seconds * 1000)), 16**_DIGITS - 1)
    return f"{prefix}-{milliseconds:0{_DIGITS}x}"
