"""Processes that serve and work, forked from one that has imported all of it: each would take two seconds to do that.

From there on they are what `coverplan serve` and `coverplan worker` are: main thread, environment, signals, logs.
Solver children start as they always do. How the commands themselves start is told in `tests/project/test_frame.py`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["coverplan.cli.serve", "coverplan.cli.worker", "coverplan.jobs.worker"])


class Started:
    """A process that runs a function; it is spoken to as to a `subprocess.Popen`."""

    def __init__(
        self, function: Callable[..., object], *arguments: Any, env: Mapping[str, str], log: Path, **options: Any
    ) -> None:
        log.touch()
        self._process = _CONTEXT.Process(target=_run, args=(function, arguments, options, dict(env), str(log)))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code of a process that has ended; minus the signal that killed it."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not ended in time.
        """
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def send_signal(self, signum: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Stop it at once."""
        self.send_signal(signal.SIGKILL)


def command(*words: str) -> None:
    """`coverplan` with these words."""
    from coverplan.cli import main  # noqa: PLC0415 - imported where it runs

    sys.argv = ["coverplan", *words]
    main()


def _run(
    function: Callable[..., object], arguments: Any, options: Mapping[str, Any], env: Mapping[str, str], log: str
) -> None:
    os.environ.clear()
    os.environ.update(env)
    with open(log, "ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    function(*arguments, **options)
