"""How the asynchronous client waits, and does what would hold others up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

Result = TypeVar("Result")
P = ParamSpec("P")
Attempt = Callable[[], Awaitable[Result]]
"""A call that may be made again."""

sleep = asyncio.sleep


async def aside(work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """The result of work that reads, writes or computes."""
    return await asyncio.to_thread(work, *args, **kwargs)
