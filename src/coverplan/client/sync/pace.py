"""How the synchronous client waits; the only file here that is written by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Result = TypeVar("Result")
P = ParamSpec("P")
Attempt = Callable[[], Result]
"""A call that may be made again."""

sleep = time.sleep


def aside(work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """The result of work that reads, writes or computes."""
    return work(*args, **kwargs)
