"""Processes that must not live on."""

from __future__ import annotations

import psutil


def is_gone(pid: int) -> bool:
    """Whether a process does nothing any more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
