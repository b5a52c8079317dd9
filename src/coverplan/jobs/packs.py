"""Packing: how many runs of a batch make one job. Many tiny ones, so that a job is not most of their work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from coverplan.jobs.queue import PACK

PACK_SIZE = 20_000
"""Accounts x reps of a job in all: a pack is worked on by one worker, so it must not keep others waiting for long."""


@dataclass
class Pack:
    """Runs of one job."""

    small: bool
    priority: int
    size: int = 0
    run_ids: list[str] = field(default_factory=list)


def packs(runs: Sequence[tuple[str, int, bool, int]]) -> list[Pack]:
    """Jobs for runs given as id, accounts x reps, whether small, and priority; the order stays."""
    made: list[Pack] = []
    open_packs: dict[int, Pack] = {}
    for run_id, size, small, priority in runs:
        pack = open_packs.get(priority) if small else None
        if pack is None or len(pack.run_ids) == PACK or pack.size + size > PACK_SIZE:
            pack = Pack(small, priority)
            made.append(pack)
            if small:
                open_packs[priority] = pack
        pack.run_ids.append(run_id)
        pack.size += size
    return made
