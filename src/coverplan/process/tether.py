"""Ties processes together, so that none outlives the one that needs it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (Linux; elsewhere the closed stdin must do)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class TetheredPopen(subprocess.Popen[Any]):
    """A child that the kernel kills when this process ends."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("preexec_fn", die_with_parent)
        super().__init__(*args, **options)


def tether_children() -> None:
    """Let every process that a library starts from here end with this process (CBC is started by PuLP)."""
    subprocess.Popen = TetheredPopen  # type: ignore[misc]


def end_group() -> None:
    """Kill this process and its children at once."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
