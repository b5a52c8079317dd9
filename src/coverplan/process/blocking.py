"""The pool for programs without an event loop."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable

from coverplan.payload.plan import Plan, Progress
from coverplan.payload.requests import SolveRequest
from coverplan.process.job import Job
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings


def solve(
    request: SolveRequest, listen: Callable[[Progress], None] | None = None, settings: Settings | None = None
) -> Plan:
    """Solve in a fresh child and wait. The first Ctrl-C ends the search with the best plan, the second all of it.

    Raises:
        ProcessError: there is no plan.
        KeyboardInterrupt: on the second Ctrl-C.
    """
    return Plan.model_validate_json(run(Job.solve(request, large=True), listen, settings))


def run(job: Job, listen: Callable[[Progress], None] | None = None, settings: Settings | None = None) -> bytes:
    """Run any job in a fresh child and wait for its result.

    Raises:
        ProcessError: there is none.
    """
    own = (settings or Settings()).model_copy(update={"slots": 1, "warm_children": 0})
    return asyncio.run(_run(own, job, listen))


async def _run(settings: Settings, job: Job, listen: Callable[[Progress], None] | None) -> bytes:
    async with SolverPool(settings) as pool:
        hear = None if listen is None else lambda document: listen(Progress.model_validate(document))
        running = await pool.submit(job, hear)
        if threading.current_thread() is threading.main_thread():
            _finish_on_interrupt(running.finish)
        return await running.result()


def _finish_on_interrupt(finish: Callable[[], None]) -> None:
    """First Ctrl-C: finish; from then on: as before."""
    loop = asyncio.get_running_loop()
    usual = signal.getsignal(signal.SIGINT)

    def first() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, usual)
        finish()

    loop.add_signal_handler(signal.SIGINT, first)
