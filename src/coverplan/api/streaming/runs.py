"""The events of a durable run, as they are sent."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncGenerator

from fastapi.sse import format_sse_event
from sqlalchemy import RowMapping

from coverplan.api.streaming.events import PING
from coverplan.api.streaming.feed import Feed


async def run_events(feed: Feed, run_id: str, after: int) -> AsyncGenerator[bytes, None]:
    """What happens to a run after event number `after`, until it ends."""
    async for event in feed.events(run_id, after):
        yield PING if event is None else _sse(event, run_id)


def _sse(event: RowMapping, run_id: str) -> bytes:
    at = dt.datetime.fromtimestamp(event["at"], dt.UTC).isoformat().replace("+00:00", "Z")
    data = {"run_id": run_id, "at": at, **event["data"]}
    return format_sse_event(event=event["kind"], data_str=json.dumps(data), id=str(event["seq"]))
