"""Work that can be followed from the request that asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import RowMapping

from coverplan import logs
from coverplan.tracing import Trace, continued


@contextmanager
def following(row: RowMapping, work: str, **facts: Any) -> Iterator[None]:
    """Have log lines and spans of this work say these facts, and by which request and in which trace it came."""
    before = Trace(row["traceparent"], row["tracestate"])
    with (
        continued(before, work, **{name: str(value) for name, value in facts.items()}) as trace,
        logs.bound(request_id=row["request_id"], trace_id=trace.id, **facts),
    ):
        yield
