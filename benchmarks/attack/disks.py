"""Full disks under the work folder, the blobs and the database: what was accepted waits, and is finished."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.attack.balance import settle
from benchmarks.attack.effort import Effort
from benchmarks.attack.ledger import Ledger, ledger
from benchmarks.attack.outcome import Outcome, Takeover
from benchmarks.attack.target import Probe, Target, postgres, target
from support.deployment import slow
from support.postgres import Postgres

PART = "disks"
FULL_S = 15.0
SMALL_MB, SERVER_MB = 24, 160
"""Enough for what is attacked; a new PostgreSQL server has 60 MB."""
_RUN_S = 6.0
_READY_S = 40.0
"""Within which /readyz says that it is not: it looks at the blobs every ten seconds."""


class Disk:
    """A small file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte free."""
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def free(self) -> None:
        """Make room again."""
        self._filler.unlink()


def attack(effort: Effort, folder: Path) -> Iterator[Outcome]:
    """Each place in turn, where this user may mount."""
    del effort  # it is done once at least, and once is enough
    with postgres() as server:
        yield full("the work folder", folder / "work", server, "work_dir", SMALL_MB)
        yield full("the blob store", folder / "blobs", server, "blob_url", SMALL_MB)
    yield full("the database, SQLite", folder / "sqlite", None, "data_dir", SMALL_MB)
    yield full("the database, PostgreSQL", folder / "server", None, "server", SERVER_MB)


def full(what: str, folder: Path, server: Postgres | None, setting: str, megabytes: int) -> Outcome:
    """A disk is full for a while under traffic, with runs under way, and then has room again."""
    outcome = Outcome(PART, f"{what} is full for {FULL_S:g} s")
    if os.geteuid() != 0:
        outcome.skipped = "mounting a small file system needs root"
        return outcome
    with ExitStack() as stack:
        disk = stack.enter_context(mounted(folder / "small", megabytes))
        settings: dict[str, Any] = {setting: disk.folder / "here"} if setting != "server" else {}
        if setting == "blob_url":
            settings = {"blob_url": f"file://{disk.folder}/here"}
        elif setting == "data_dir":
            settings["blob_url"] = f"file://{folder}/blobs"
        elif setting == "server":
            (disk.folder / "pg").mkdir()
            server = stack.enter_context(postgres(disk.folder / "pg"))
        running = stack.enter_context(target(folder, server, **settings))
        kept = stack.enter_context(ledger(running))
        probe = stack.enter_context(Probe(running))
        kept.begin_traffic()
        _fill_for_a_while(running, kept, disk, server if setting == "server" else None, outcome)
        settle(kept, outcome)
        outcome.slowest_probe_s = round(probe.slowest_s, 3)
    return outcome


def _fill_for_a_while(running: Target, kept: Ledger, disk: Disk, lost: Postgres | None, outcome: Outcome) -> None:
    """`lost` is the server on that disk, which ends without room and is started again as an operator does."""
    outcome.tried += 1
    run_id = kept.submit(slow(_RUN_S))
    running.begun(run_id, 1)
    time.sleep(1)
    disk.fill()
    _look(running, outcome, time.monotonic() + FULL_S)
    disk.free()
    if lost is not None:
        lost.resume()
    began = time.monotonic()
    kept.submit_tiny()
    outcome.takeovers.append(Takeover.of("accepts again", [time.monotonic() - began]))
    until = time.monotonic() + _READY_S
    while _ready(running) != httpx.codes.OK:
        if time.monotonic() > until:
            outcome.fault("/readyz does not say that there is room again")
            return
        time.sleep(0.5)


def _look(running: Target, outcome: Outcome, until: float) -> None:
    """While the disk is full, `/readyz` says so."""
    said = set()
    while time.monotonic() < until:
        said.add(_ready(running))
        time.sleep(0.5)
    if httpx.codes.SERVICE_UNAVAILABLE not in said:
        outcome.fault(f"/readyz says {sorted(said)} while the disk is full")


def _ready(running: Target) -> int:
    with running.client() as client:
        try:
            return client.get("/readyz").status_code
        except httpx.TransportError:
            return 0


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A file system of this size in memory."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
