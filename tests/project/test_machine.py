"""How many processors a process may use: its affinity, and the quotas of its control groups."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from coverplan.machine import processors

SOURCES = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that lets this process run on sixteen processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def _machine(root: Path, groups: str, files: dict[str, str]) -> Path:
    """A file system with these groups of the process and these files of theirs."""
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("groups", "files", "count"),
    [
        ("0::/", {}, 16),
        ("0::/", {"sys/fs/cgroup/cpu.max": "max 100000"}, 16),
        ("0::/", {"sys/fs/cgroup/cpu.max": "200000 100000"}, 2),
        ("0::/", {"sys/fs/cgroup/cpu.max": "150000 100000"}, 2),  # one and a half keep two busy
        ("0::/", {"sys/fs/cgroup/cpu.max": "5000 100000"}, 1),
        ("0::/", {"sys/fs/cgroup/cpu.max": "torn"}, 16),
        # The least of a group and those above it, and the top where the path is that of the host.
        ("0::/a/b", {"sys/fs/cgroup/a/cpu.max": "300000 100000", "sys/fs/cgroup/a/b/cpu.max": "max 100000"}, 3),
        ("0::/elsewhere", {"sys/fs/cgroup/cpu.max": "400000 100000"}, 4),
        (
            "3:cpu,cpuacct:/pod\n2:memory:/pod\n0::/",
            {
                "sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us": "250000",
                "sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us": "50000",
            },
            5,
        ),
        (
            "1:cpu:/",
            {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"},
            16,
        ),
    ],
)
def test_quotas(tmp_path: Path, groups: str, files: dict[str, str], count: int) -> None:
    """Both versions of control groups."""
    assert processors(_machine(tmp_path, groups, files)) == count


def test_no_control_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the process may run on counts, not what the machine has."""
    assert processors(tmp_path) == 16
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert processors(tmp_path) == 1


def test_nobody_counts_by_themselves() -> None:
    """One function knows."""
    asks = [
        str(file.relative_to(SOURCES))
        for file in SOURCES.rglob("*.py")
        if re.search(r"cpu_count|sched_getaffinity", file.read_text(encoding="utf-8"))
    ]

    assert asks == ["coverplan/machine.py"]
