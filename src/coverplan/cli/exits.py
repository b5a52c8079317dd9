"""Exit codes, and which one a plan deserves."""

from __future__ import annotations

from enum import IntEnum

from coverplan.payload.plan import Plan


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """A plan; or verified, valid, healthy."""
    NEGATIVE = 1
    """Infeasible; or not verified, not valid, not healthy."""
    BAD_INPUT = 2
    NO_PLAN = 3
    """No plan within the limit."""
    INTERNAL = 4


def exit_of(plan: Plan) -> Exit:
    """The exit code that reports the plan's status."""
    if plan.objective is not None and plan.solution_status in {"optimal", "feasible"}:
        return Exit.OK
    return Exit.NEGATIVE if plan.solution_status == "infeasible" else Exit.NO_PLAN
