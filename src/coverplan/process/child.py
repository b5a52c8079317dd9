"""A solver child: `python -m coverplan.process.child [MODULE]` answers jobs until its standard input closes.

MODULE offers `JOBS`, name to function, and `warm_up()`; by default it is `coverplan.process.work`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType

from coverplan import room
from coverplan.payload.issues import PayloadError
from coverplan.process import channel, tether
from coverplan.process.channel import Answers, Message, NothingKeptError, Order

NICE = 5
"""Solving gives way to taking calls in and writing answers down, on a machine that has too little for both."""


def main(module: str = "coverplan.process.work") -> None:
    """Announce readiness, then run one job after the other."""
    tether.die_with_parent()
    os.nice(NICE)
    answers = Answers()
    queue = channel.jobs(ended=tether.end_group)
    tether.tether_children()
    gc.disable()  # what is imported stays: the collector need not look at it again and again
    work = import_module(module)
    work.warm_up()
    gc.collect()
    gc.freeze()
    gc.enable()
    answers.send(channel.READY)
    while True:
        run(work, queue.get(), answers)


def run(work: ModuleType, job: Message, answers: Answers) -> None:
    """Run one job and say how it ended."""
    try:
        code = _code(work, job, answers)
    except NothingKeptError:
        code = "nothing_kept"
    except MemoryError:
        code = "memory_limit"
    except Exception as error:  # noqa: BLE001  (whatever it is, the next job must not suffer)
        traceback.print_exc()
        code = channel.NO_ROOM if room.passes(error) else "internal_error"
    if code is None:
        answers.send(channel.DONE)
    else:
        answers.send(channel.ERROR, code=code)


def _code(work: ModuleType, job: Message, answers: Answers) -> str | None:
    """Run the job; None, or what is wrong with its request. The result of a `patient` one waits for room."""
    folder = Path(job["folder"])
    waits = room.patience(lambda reason: answers.send(channel.WAITING, reason=reason))
    try:
        with waits if job.get("patient") else nullcontext():
            work.JOBS[job["job"]](Order(folder, answers, job.get("stopped_by")))
    except PayloadError as error:
        errors = [issue.model_dump(mode="json") for issue in error.report.errors]
        found = {"errors": errors, "total": error.report.total_errors, "more": error.report.more}
        (folder / channel.ERRORS_FILE).write_text(json.dumps(found))
        return "invalid"
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
