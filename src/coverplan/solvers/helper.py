"""A helper process: `python -m coverplan.solvers.helper LINK PARENT` makes the calls that arrive at a descriptor."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any

from coverplan.solvers.helpers import Answer


def main(link: int, parent: int) -> None:
    """Answer one call after the other; what they need is imported as they are read."""
    end_with_parent(parent)
    calls: Connection[Any, Any] = Connection(link)
    while True:
        try:
            function, arguments, told = calls.recv()
        except EOFError:
            return
        try:
            answer = Answer(function(*arguments, *([calls.send] if told else [])))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
            error.add_note(traceback.format_exc())
            answer = Answer(error=error)
        calls.send(answer)


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends, and leave interrupts to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
