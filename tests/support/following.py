"""Following what goes on by its events."""

from __future__ import annotations

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from support.timing import PATIENCE_S


def follow(client: httpx.Client, path: str, last: str | None = None) -> list[ServerSentEvent]:
    """Its events, to the last one; `last`: those after this one."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with connect_sse(client, "GET", path, headers=headers, timeout=PATIENCE_S) as source:
        return [event for event in source.iter_sse() if event.data]  # pings have none
