"""Ids of what is stored: sorted by time, not to be guessed."""

from __future__ import annotations

import secrets
import time


def new_id(prefix: str) -> str:
    """An id such as `run-0198b2c4d5e6a1b2c3d4e5f60718`: milliseconds since 1970, then 64 random bits."""
    return f"{prefix}-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"
