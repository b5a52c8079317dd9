"""Who asked for something, and by which request: kept with what was asked for, so that it can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping

from coverplan.tracing import Trace

_FOLLOWED = ("request_id", "traceparent", "tracestate")
_COLUMNS = ("created_by", *_FOLLOWED)


@dataclass(frozen=True)
class Provenance:
    """Where something comes from."""

    created_by: Mapping[str, str | None] | None = None
    """`key_id` and `name` of the key; None: the service ran open."""
    request_id: str | None = None
    trace: Trace = field(default_factory=Trace)

    @property
    def columns(self) -> dict[str, Any]:
        """As a row has it."""
        return {"created_by": self.created_by, **self.followed}

    @property
    def followed(self) -> dict[str, Any]:
        """What of it changes where another request asks for more of the same."""
        return {
            "request_id": self.request_id,
            "traceparent": self.trace.traceparent,
            "tracestate": self.trace.tracestate,
        }


def inherited(row: RowMapping) -> dict[str, Any]:
    """Provenance of what is made for the sake of a row."""
    return {name: row[name] for name in _COLUMNS}
