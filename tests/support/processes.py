"""Processes that must not live on."""

from __future__ import annotations

import time

import psutil


def is_gone(pid: int) -> bool:
    """Whether a process does nothing any more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def all_end(*pids: int) -> bool:
    """Whether processes that were killed, and that nobody has waited for, end: each needs a processor to do so."""
    until = time.monotonic() + 5
    while not all(is_gone(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
