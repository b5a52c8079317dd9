"""The solver children of one command."""

from __future__ import annotations

import logging

import psutil

from coverplan.process.pool import SolverPool
from coverplan.settings import MEGABYTE, Settings

LOAD_TIMEOUT_S = 3600.0
MEMORY_SHARE = 0.8
"""Share of the machine's memory that a solve may use, unless COVERPLAN_MEMORY_LIMIT_MB says otherwise."""


def solver_children(warm: int = 0) -> SolverPool:
    """A pool of one slot that takes any size and keeps its log to itself: the command says what went wrong."""
    logging.getLogger("coverplan.process").setLevel(logging.CRITICAL)
    settings = Settings()
    update: dict[str, object] = {"slots": 1, "warm_children": warm, "load_timeout_s": LOAD_TIMEOUT_S}
    if "memory_limit_mb" not in settings.model_fields_set:
        update["memory_limit_mb"] = int(MEMORY_SHARE * psutil.virtual_memory().total / MEGABYTE)
    return SolverPool(settings.model_copy(update=update))
