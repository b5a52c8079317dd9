"""Books of a size that takes a while to solve."""

from __future__ import annotations

from functools import cache
from typing import Any

from coverplan.tables.generate import generate

HARD_RULES: dict[str, Any] = {
    "constraints": [
        {"kind": "capacity"},
        {"kind": "balance", "measure": "revenue", "tolerance": 0.01, "penalty": 5.0},
        {"kind": "balance", "measure": "accounts", "tolerance": 0.01, "penalty": 900.0},
    ]
}


@cache
def hard_request(accounts: int = 400, reps: int = 20, time_limit_s: float = 60.0) -> dict[str, Any]:
    """A solve whose proof takes much longer than any test waits; its first plan is quick."""
    return {
        "problem": generate(accounts, reps, 12, 5),
        "policy": HARD_RULES,
        "options": {"time_limit_s": time_limit_s, "relative_gap": 0},
    }
