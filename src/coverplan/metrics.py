"""What operators watch, counted where it happens: each process shows its own numbers, and Prometheus adds them up.

A process shows what can happen in it: the API calls, a worker runs, both solves.
"""

from __future__ import annotations

import platform
from importlib.metadata import version

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, Info, start_http_server

from coverplan import __version__

API, WORKER = CollectorRegistry(), CollectorRegistry()
"""What happens in one of them only."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)

REQUESTS = Histogram(
    "coverplan_http_request_seconds",
    "HTTP requests, from the first byte to the last of the answer.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, *_SECONDS[:13]),
    registry=API,
)
RUN_WAIT = Histogram(
    "coverplan_run_wait_seconds", "Time that durable runs waited for a worker.", buckets=_SECONDS, registry=WORKER
)
RUNS_ENDED = Counter(
    "coverplan_runs_ended", "Durable runs that ended.", ["job_status", "solution_status"], registry=WORKER
)
SOLVE_TIME = Histogram("coverplan_solve_seconds", "Time from the loaded problem to the plan.", buckets=_SECONDS)
GAP_AT_END = Histogram(
    "coverplan_gap_at_end",
    "Gap at the end of solves that have one: 0.01 is one per cent.",
    buckets=(0.0, 1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0),
)
OVERSHOOT = Histogram(
    "coverplan_time_limit_overshoot_seconds",
    "Time that solves took beyond their limit, with decoding the plan.",
    buckets=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0),
)
CHILD_STOPS = Counter("coverplan_child_kills", "Solver children that were killed or lost, by reason.", ["reason"])
INGESTED_ROWS = Counter(
    "coverplan_ingested_rows", "Rows of uploaded tables that were read.", ["table"], registry=WORKER
)
WEBHOOK_ATTEMPTS = Counter("coverplan_webhook_attempts", "Messages sent to webhooks.", ["outcome"], registry=WORKER)
BUILD = Info("coverplan_build", "What runs here.")
BUILD.info({"version": __version__, "python": platform.python_version(), "ortools": version("ortools")})


def note_solve(seconds: float, time_limit_s: float | None, gap: float | None) -> None:
    """Count a solve that ended, however it was stopped."""
    SOLVE_TIME.observe(seconds)
    if time_limit_s is not None:
        OVERSHOOT.observe(max(0.0, seconds - time_limit_s))
    if gap is not None:
        GAP_AT_END.observe(gap)


def note_run_ended(job_status: str, solution_status: str | None) -> None:
    """Count a durable run that ended."""
    RUNS_ENDED.labels(job_status, solution_status or "none").inc()


def show(host: str, port: int) -> None:
    """Show a worker's numbers at `/metrics` of an address, from a thread of its own.

    Raises:
        OSError: the address cannot be listened on.
    """
    start_http_server(port, host, together(WORKER))


def together(registry: CollectorRegistry) -> CollectorRegistry:
    """What a process shows beside what all do."""
    shown = CollectorRegistry(support_collectors_without_names=True)
    shown.register(REGISTRY)
    shown.register(registry)
    return shown
