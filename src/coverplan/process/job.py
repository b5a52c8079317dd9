"""What the pool is asked to do, and how that can fail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from coverplan.mip.program import StoppedBy
from coverplan.payload.base import Document
from coverplan.payload.datasets import CheckBook
from coverplan.payload.experiments.stored import CellRequest, ResultsRequest
from coverplan.payload.requests import BookRequest, EvaluateRequest, SolveRequest

Kind = Literal["solve", "evaluate", "export_mps", "export_lp"]


@dataclass(frozen=True)
class Job:
    """One piece of work for a child."""

    kind: str
    request: bytes
    """The request document, as JSON."""
    time_limit_s: float | None = None
    """When a solve is expected to stop by itself; None: the pool's own patience."""
    large: bool = False
    """Whether it gets a fresh child, which is not used again."""
    checkpoint: bytes | None = None
    """What an earlier solve of the same request had found when it was lost: the solve goes on from there."""
    target: Path | None = None
    """The file that its result becomes, where it may be too large to be held; in the folder of the pool."""

    @classmethod
    def solve(cls, request: SolveRequest, *, large: bool = False, checkpoint: bytes | None = None) -> Job:
        """A solve."""
        return cls("solve", _json(request), request.options.time_limit_s, large, checkpoint)

    @classmethod
    def solve_cell(cls, request: CellRequest, *, large: bool = False, checkpoint: bytes | None = None) -> Job:
        """A solve of a cell of an experiment."""
        return cls("solve_cell", _json(request), request.options.time_limit_s, large, checkpoint)

    @classmethod
    def solve_book(cls, request: BookRequest, *, checkpoint: bytes | None = None) -> Job:
        """A solve of a folder of tables; its result is the plan without its seats."""
        return cls("solve_book", _json(request), request.options.time_limit_s, True, checkpoint)

    @classmethod
    def finish(cls, request: SolveRequest, checkpoint: bytes) -> Job:
        """The plan that a checkpoint holds, whatever became of its solve."""
        return cls("finish", _json(request), large=True, checkpoint=checkpoint)

    @classmethod
    def check_book(cls, request: CheckBook) -> Job:
        """A check of tables as they were sent, for a pool of `book_checks`; its result is a `CheckedBook`."""
        return cls("check_book", _json(request), large=True)

    @classmethod
    def compare(cls, request: ResultsRequest) -> Job:
        """A comparison of the plans of an experiment; its result is an `ExperimentResults`."""
        return cls("compare", _json(request), large=True)

    @classmethod
    def evaluate(cls, request: EvaluateRequest, *, large: bool = False) -> Job:
        """A measurement of given assignments."""
        return cls("evaluate", _json(request), large=large)

    @classmethod
    def export(cls, request: SolveRequest, form: Literal["mps", "lp"], target: Path, *, large: bool = False) -> Job:
        """The program in MPS or LP format, many times as large as the request: a file, and no result."""
        return cls(f"export_{form}", _json(request), large=large, target=target)


class ProcessError(Exception):
    """The pool's exceptions: `BusyError`, `ClosingError`, `NoRoomError`, `InvalidError` and `JobFailedError`."""


class BusyError(ProcessError):
    """All slots stay busy."""


class ClosingError(ProcessError):
    """The pool takes no more jobs."""


class NoRoomError(ProcessError):
    """The work folder is full or away: the job can be done as it is once that has been seen to."""


class InvalidError(ProcessError):
    """The child found errors in the request: `errors` as issue documents, `total` of them."""

    def __init__(self, errors: list[dict[str, Any]], total: int, more: dict[str, int] | None = None) -> None:
        super().__init__(f"{total} errors")
        self.errors = errors
        self.total = total
        self.more = more or {}
        """By rule: how many are counted only."""


class JobFailedError(ProcessError):
    """There is no result: `code` is `time_limit`, `solver_lost`, `memory_limit`... or `internal_error`.

    `last_words` is the end of what the child wrote to standard error: for the log, not for the caller.
    """

    def __init__(self, code: str, last_words: str = "") -> None:
        super().__init__(MESSAGES[code])
        self.code = code
        self.last_words = last_words


MESSAGES = {
    StoppedBy.TIME_LIMIT.value: "The time limit passed before there was anything to answer with.",
    StoppedBy.SOLVER_LOST.value: "The process that worked on it was lost before there was anything to answer with.",
    StoppedBy.MEMORY_LIMIT.value: "It needs more memory than one solve is allowed.",
    StoppedBy.SHUTDOWN.value: "The service was asked to stop before there was anything to answer with.",
    StoppedBy.FINISHED_BY_CALLER.value: "It was finished before there was anything to answer with.",
    "internal_error": "Something went wrong inside; the log says what.",
}


def _json(request: Document) -> bytes:
    return request.model_dump_json(by_alias=True).encode()
