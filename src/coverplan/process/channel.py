"""The lines that a child and the service exchange: one JSON object each."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

Message = dict[str, Any]

READY = "ready"
"""Everything is imported; the child waits for a job."""
PROGRESS = "progress"
"""Where a solve stands; the first one says that the problem is loaded."""
WAITING = "waiting"
"""A solve has ended, and its result cannot be written down yet; `reason` says why."""
DONE = "done"
"""The result lies in the job's folder."""
ERROR = "error"
"""The job failed; `code` says how."""
NO_ROOM = "no_room"
"""Of an error: the work folder is full, or away."""

REQUEST_FILE = "request.json"
RESULT_FILE = "result.json"
ERRORS_FILE = "errors.json"
CHECKPOINT = "checkpoint"


def encode(message: Message) -> bytes:
    """The message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class Order:
    """A job as its function gets it."""

    folder: Path
    """Holds the request; takes the result."""
    answers: Answers
    stopped_by: str | None = None
    """Why the solve that is to be finished was stopped."""


class NothingKeptError(Exception):
    """A lost solve left nothing to finish."""


class Answers:
    """The child's way out: the original standard output, which nothing else can write to."""

    def __init__(self) -> None:
        """Take standard output away from Python and native code; their prints go to standard error."""
        self._out = os.dup(1)
        os.set_inheritable(self._out, False)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def send(self, event: str, **content: Any) -> None:
        """Write one message."""
        data = encode({"event": event, **content})
        with self._lock:
            while data:
                data = data[os.write(self._out, data) :]


def jobs(ended: Callable[[], None]) -> SimpleQueue[Message]:
    """Jobs as they arrive on standard input; `ended` is called when it closes.

    Reads the descriptor: a thread inside `sys.stdin.buffer` aborts the interpreter when that exits.
    """
    queue: SimpleQueue[Message] = SimpleQueue()

    def read() -> None:
        rest = b""
        while data := os.read(0, 65536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                queue.put(json.loads(line))
        ended()

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return queue
