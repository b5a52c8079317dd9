"""Helper processes: calls of functions, made side by side, whose loss is not that of the caller.

Each is started as `python -m coverplan.solvers.helper`: multiprocessing would import the caller's own script once more
in every one of them, and a script without a `__main__` guard would then run again instead.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What became of a call."""

    value: Any = None
    error: Exception | None = None


class HelperLostError(Exception):
    """A helper process ended before it answered."""


class Helper:
    """A process that makes one call at a time."""

    def __init__(self) -> None:
        self._link: Connection[Any, Any]
        self._link, theirs = multiprocessing.Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "coverplan.solvers.helper", str(theirs.fileno()), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            preexec_fn=None,  # it ties itself to this process: a fork of one that holds gigabytes takes long
        )
        theirs.close()

    def send(self, function: Callable[..., Any], *arguments: object, told: bool = False) -> None:
        """Hand over a call of a function of a module; `told`: its last argument tells what is said in between.

        Raises:
            HelperLostError: it is gone.
        """
        try:
            self._link.send((function, arguments, told))
        except OSError as error:
            raise HelperLostError from error

    def receive(self) -> Any:
        """What was said in between, or the `Answer`, once it is there; raises HelperLostError."""
        try:
            return self._link.recv()
        except (EOFError, OSError) as error:
            raise HelperLostError from error

    def received(self) -> Iterator[Any]:
        """What is there, without waiting; raises HelperLostError."""
        try:
            while self._link.poll():
                yield self.receive()
        except OSError as error:
            raise HelperLostError from error

    def kill(self) -> None:
        """End it at once; whoever waits for it gets a HelperLostError."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it, when nobody waits for it any more."""
        self.kill()
        self._link.close()
