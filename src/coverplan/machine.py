"""What of the machine this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = "sys/fs/cgroup"


def processors(root: Path = Path("/")) -> int:
    """How many processors this process may keep busy, at least one: those it may run on, and no more than its quota.

    `os.cpu_count` tells what the machine has, which in a container of a large one is many times that. `root` is the
    file system in which control groups are looked up.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, _quota(root))))


def _quota(root: Path) -> float:
    """Processor time per time that the control groups of this process, and those above them, leave it."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.inf
    quota = math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / _CGROUPS if not controllers else root / _CGROUPS / controllers
        group = mount / path.lstrip("/")
        # A group's limit counts for all below it. In a container the path may be the host's: only the top is there.
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mount):
                break
            quota = min(quota, _quota_of(folder))
    return quota


def _quota_of(group: Path) -> float:
    """The quota of one group: version 2 has both numbers in one file, version 1 in two."""
    try:
        if (group / "cpu.max").exists():
            most, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        else:
            most = (group / "cpu.cfs_quota_us").read_text(encoding="utf-8").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="utf-8").strip()
        return math.inf if most in {"max", "-1"} else int(most) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
