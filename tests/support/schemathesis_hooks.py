"""What schemathesis does not know by itself."""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis import Case, HookContext

# Lines of JSON are written like any text.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    """No key that was used before where calls follow each other: its answer names what may be deleted by now."""
    if case.meta is not None and case.meta.phase.name.value == "stateful" and case.meta.generation.mode.is_positive:
        case.headers.pop("Idempotency-Key", None)
