"""What killed processes leave is removed, and nothing else is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from coverplan.jobs.leftovers import YOUNG_S, remove_leftovers
from coverplan.process.scratch import Scratch, remove_dead
from coverplan.settings import Settings
from coverplan.store import datasets, experiments, paths, runs
from coverplan.store.blobs import Blobs
from coverplan.store.database import Database
from coverplan.store.migrate import migrate
from coverplan.store.schema import datasets as dataset_table
from coverplan.store.store import Store

RUN: dict[str, Any] = {
    "id": "run-1",
    "tenant": "t",
    "retention_s": 60.0,
    "request_path": "p",
    "request_hash": "h",
    "time_limit_s": 1.0,
}
EXPERIMENT: dict[str, Any] = {"id": "exp-1", "tenant": "t", "request_path": "p", "request_bytes": 7, "retention_s": 0.0}
SHARED = paths.dataset("ds-gone") + "/accounts-1.parquet"
"""A table in the folder of a dataset that is gone, which another one names."""
NAMED = [
    paths.request("run-1"),
    paths.plan("run-1", 3),
    paths.experiment("exp-1") + "/cells/a.json",
    paths.dataset("ds-1") + "/reps-1.csv",
    paths.patch("ds-1"),
    SHARED,
]
LEFT = [
    paths.request("run-2"),
    paths.cell("exp-2", "a"),
    paths.dataset("ds-1") + "/reps-0.csv",
    paths.dataset("ds-2") + "/accounts-1.csv",
    f"{paths.PROBES}/probe-1",
]


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Store:
    """A run, an experiment and a dataset, with their blobs and others."""
    database = Database.open(database_url)
    migrate(database)
    tables = {"accounts": {"path": SHARED, "bytes": 1}, "reps": {"path": NAMED[3], "bytes": 1}}
    with database.begin() as connection:
        runs.add(connection, RUN)
        experiments.add(connection, EXPERIMENT)
        facts: dict[str, Any] = {"id": "ds-1", "tenant": "t", "job_status": datasets.OPEN, "head": {}, "tables": tables}
        facts |= {"patch_path": NAMED[4], "created_at": 0.0}
        connection.execute(insert(dataset_table).values(**facts))
    return Store(database, Blobs(f"file://{tmp_path / 'blobs'}"))


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_blobs_without_a_row_go_once_they_are_old(store: Store, tmp_path: Path) -> None:
    """Two hours old: all that no row names. Young: nothing."""
    settings, folder = Settings(work_dir=tmp_path / "work"), tmp_path / "blobs"

    async def scene() -> list[int]:
        for path in (*NAMED, *LEFT):
            await store.blobs.put(path, b"1")
        young = await remove_leftovers(store, settings)
        for file in folder.rglob("*"):
            os.utime(file, (0, time.time() - 2 * YOUNG_S))
        return [young, await remove_leftovers(store, settings), await remove_leftovers(store, settings)]

    assert asyncio.run(scene()) == [0, len(LEFT), 0]
    assert _files(folder) == sorted(NAMED)
    store.database.close()


def test_uploads_that_broke_off_go_with_their_folders(tmp_path: Path) -> None:
    """A process is killed in the middle of an upload; one that still goes on is let be."""
    folder = tmp_path / "blobs"
    program = f"""
import asyncio, os
from coverplan.store.blobs import Blobs

async def pieces():
    yield b"a" * (12 << 20)
    os.kill(os.getpid(), 9)
    yield b""

asyncio.run(Blobs("file://{folder}").put_stream("datasets/ds-1/accounts.csv", pieces()))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    (left,) = folder.rglob("accounts.csv#*")
    blobs = Blobs(f"file://{folder}")
    assert blobs.drop_broken_off(time.time() - YOUNG_S) == 0

    async def pieces() -> AsyncIterator[bytes]:
        yield b"b" * (12 << 20)
        os.utime(left, (0, time.time() - 2 * YOUNG_S))
        assert await asyncio.to_thread(blobs.drop_broken_off, time.time() - YOUNG_S) == 1
        yield b"c"

    asyncio.run(blobs.put_stream("datasets/ds-1/reps.csv", pieces()))
    assert _files(folder) == ["datasets/ds-1/reps.csv"]
    (folder / "runs" / "run-1").mkdir(parents=True)
    blobs.drop_broken_off(time.time() + 1.0)
    blobs.drop_broken_off(time.time() + 1.0)
    assert [path.name for path in folder.rglob("*")] == ["datasets", "ds-1", "reps.csv"]


def test_work_folders_of_dead_processes_go(tmp_path: Path) -> None:
    """Killed with its folder full; the folder of a living one, and what is no work folder, is let be."""
    program = f"""
import os
from pathlib import Path
from typing import Any
from coverplan.process.scratch import Scratch

scratch = Scratch(Path("{tmp_path}"))
(scratch.path / "job-1").mkdir()
(scratch.path / "job-1" / "request.json").write_text("x")
(scratch.path / "note").write_text("x")
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    (dead,) = tmp_path.iterdir()
    mine = Scratch(tmp_path)
    (tmp_path / "coverplan-notes").mkdir()

    assert remove_dead(tmp_path) == [dead]
    assert remove_dead(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == sorted([mine.path, tmp_path / "coverplan-notes"])
    mine.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["coverplan-notes"]
    assert remove_dead(tmp_path / "nowhere") == []
