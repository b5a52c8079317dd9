"""The jobs that a solver child does: each reads its request from a folder and leaves its result there."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from coverplan import room
from coverplan.mip.program import StoppedBy
from coverplan.payload import answer
from coverplan.payload.base import Document
from coverplan.payload.hashing import problem_hash
from coverplan.payload.outcome import nothing_found
from coverplan.payload.plan import Plan, Progress
from coverplan.payload.requests import BookRequest, EvaluateRequest, SolveRequest
from coverplan.process import channel
from coverplan.process.channel import Answers, NothingKeptError, Order

Request = TypeVar("Request", bound=Document)

_LEAST_PAUSE_S = 0.05
"""Progress in between is left out: nobody reads faster."""
_ON_REQUEST = (StoppedBy.TIME_LIMIT, StoppedBy.FINISHED_BY_CALLER)
"""Stopped as the caller asked: then nothing found is an answer."""


def warm_up() -> None:
    """Solve the smallest problem, so that every import is done before the first job."""
    smallest = b'{"problem":{"accounts":[{"id":"a","potential":1}],"reps":[{"id":"r"}]},"options":{"time_limit_s":5}}'
    request = SolveRequest.model_validate_json(smallest)
    answer.solve(request.problem, request.policy, request.options)


def solve(order: Order) -> None:
    """Solve; better plans are kept in the checkpoint folder as they are found."""
    request = _read(SolveRequest, order)
    checkpoint = order.folder / channel.CHECKPOINT
    checkpoint.mkdir(exist_ok=True)
    plan = answer.solve(
        request.problem,
        request.policy,
        request.options,
        start_plan=request.start_plan,
        listen=throttled(order.answers),
        checkpoint=checkpoint,
    )
    _leave(plan, order)


def finish(order: Order) -> None:
    """The best plan of a solve whose child is gone."""
    request = _read(SolveRequest, order)
    facts = (request.problem, request.policy, request.options)
    _finish(
        order,
        lambda checkpoint, reason: answer.finish(*facts, checkpoint, reason),
        lambda reason: nothing_found(problem_hash(request.problem), request.policy, request.options, reason),
    )


def solve_cell(order: Order) -> None:
    """The same for a cell of an experiment, whose problem this process may know already."""
    from coverplan.payload.experiments import solving as cells  # noqa: PLC0415 - for experiments only
    from coverplan.payload.experiments import stored  # noqa: PLC0415

    request = _read(stored.CellRequest, order)
    checkpoint = order.folder / channel.CHECKPOINT
    checkpoint.mkdir(exist_ok=True)
    _leave(cells.solve(request, throttled(order.answers), checkpoint), order)


def finish_cell(order: Order) -> None:
    """The best plan of such a solve whose child is gone."""
    from coverplan.payload.experiments import solving as cells  # noqa: PLC0415
    from coverplan.payload.experiments import stored  # noqa: PLC0415

    request = _read(stored.CellRequest, order)
    _finish(order, partial(cells.finish, request), partial(cells.nothing, request))


def solve_book(order: Order) -> None:
    """The same for a folder of tables, which is read here: the seats go to a table, the rest is the result."""
    from coverplan.tables.bulk import solve as bulk  # noqa: PLC0415 - polars is for those who read tables

    request = _read(BookRequest, order)
    checkpoint = order.folder / channel.CHECKPOINT
    checkpoint.mkdir(exist_ok=True)
    _leave(bulk.solve(request, throttled(order.answers), checkpoint), order)


def finish_book(order: Order) -> None:
    """The best plan of such a solve whose child is gone."""
    from coverplan.tables.bulk import solve as bulk  # noqa: PLC0415

    request = _read(BookRequest, order)
    _finish(order, partial(bulk.finish, request), partial(bulk.nothing, request))


def evaluate(order: Order) -> None:
    """Measure given assignments."""
    request = _read(EvaluateRequest, order)
    _leave(answer.evaluate(request.problem, request.policy, request.assignments), order)


def compare(order: Order) -> None:
    """Compare the plans of an experiment."""
    from coverplan.payload.experiments.stored import ResultsRequest  # noqa: PLC0415
    from coverplan.process.comparison import compared  # noqa: PLC0415

    (order.folder / channel.RESULT_FILE).write_bytes(compared(_read(ResultsRequest, order)))


def export_mps(order: Order) -> None:
    """Write the program in MPS format."""
    _export(order, ".mps")


def export_lp(order: Order) -> None:
    """Write the program in LP format."""
    _export(order, ".lp")


JOBS: dict[str, Callable[[Order], None]] = {
    "solve": solve,
    "finish": finish,
    "solve_cell": solve_cell,
    "finish_cell": finish_cell,
    "solve_book": solve_book,
    "finish_book": finish_book,
    "evaluate": evaluate,
    "compare": compare,
    "export_mps": export_mps,
    "export_lp": export_lp,
}


def throttled(answers: Answers) -> Callable[[Progress], None]:
    """A listener that passes progress on, at most twenty times a second unless the phase changes."""
    last_phase, last_time = "", 0.0

    def listen(progress: Progress) -> None:
        nonlocal last_phase, last_time
        now = time.monotonic()
        if progress.phase != last_phase or now - last_time >= _LEAST_PAUSE_S:
            last_phase, last_time = progress.phase, now
            answers.send(channel.PROGRESS, progress=progress.model_dump(mode="json"))

    return listen


def _read(kind: type[Request], order: Order) -> Request:
    return kind.model_validate_json((order.folder / channel.REQUEST_FILE).read_bytes())


def _finish(order: Order, find: Callable[[Path, str], Plan], nothing: Callable[[str], Plan]) -> None:
    """Leave the plan in the checkpoint folder, or what there is to say without one, given why the solve ended."""
    reason = StoppedBy(order.stopped_by or StoppedBy.SOLVER_LOST)
    try:
        plan = find(order.folder / channel.CHECKPOINT, reason.value)
    except FileNotFoundError:
        plan = nothing(reason.value)
    if plan.solution_status == "no_solution_found" and reason not in _ON_REQUEST:
        raise NothingKeptError
    _leave(plan, order)


def _leave(plan: Plan, order: Order) -> None:
    file, text = order.folder / channel.RESULT_FILE, plan.model_dump_json()
    room.write(lambda: file.write_text(text, encoding="utf-8"))


def _export(order: Order, suffix: str) -> None:
    request = _read(SolveRequest, order)
    model = order.folder / f"model{suffix}"
    answer.export(request.problem, request.policy, model)
    model.rename(order.folder / channel.RESULT_FILE)
