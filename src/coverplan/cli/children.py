"""The solver children of one command."""

from __future__ import annotations

import logging

from coverplan.library.children import own_settings
from coverplan.process.pool import SolverPool


def solver_children(warm: int = 0) -> SolverPool:
    """A pool of one slot that takes any size and keeps its log to itself: the command says what went wrong."""
    logging.getLogger("coverplan.process").setLevel(logging.CRITICAL)
    return SolverPool(own_settings(1, warm))
