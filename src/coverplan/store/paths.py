"""Where blobs lie: paths of our own ids only."""

from __future__ import annotations


def run(run_id: str) -> str:
    """The folder of a run."""
    return f"runs/{run_id}"


def request(run_id: str) -> str:
    """What was asked."""
    return f"{run(run_id)}/request.json"


def checkpoint(run_id: str) -> str:
    """The best plan so far, as a solver left it."""
    return f"{run(run_id)}/checkpoint.npz"


def plan(run_id: str, attempt: int) -> str:
    """The plan; each attempt has its own, and the run says which one counts."""
    return f"{run(run_id)}/plan-{attempt}.json"
