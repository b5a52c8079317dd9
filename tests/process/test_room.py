"""Which failures pass, whether a folder has room, and results that wait for it in a real child."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from coverplan import room
from coverplan.process.job import Job, JobFailedError, NoRoomError
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from support.disks import filled, small_disk
from support.timing import PATIENCE_S

LIMIT_S = 5.0


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EIO, "Input/output error"), True),
        (RuntimeError("parquet: underlying IO error: No space left on device (os error 28)"), True),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("No such file or directory (os error 2)"), False),
        (ValueError("28"), False),
    ],
)
def test_what_passes(error: Exception, passes: bool) -> None:
    assert room.passes(error) is passes
    wrapped = RuntimeError("it failed")
    wrapped.__cause__ = error
    assert room.passes(wrapped) is passes


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", 2) as folder:
        yield folder


def test_a_folder_lacks_room_before_its_last_byte_is_written(disk: Path) -> None:
    """A small disk is full when less than a twentieth is free: of 2 MB, 105 kB."""
    assert room.lack(disk) is None
    (disk / "much").write_bytes(b"\0" * 1_900_000)
    assert room.lack(disk) is None
    (disk / "more").write_bytes(b"\0" * 100_000)
    assert "MB are free" in (room.lack(disk) or "")
    (disk / "more").unlink()
    assert room.lack(disk) is None
    assert room.lack(disk / "nowhere") == "No such file or directory"
    assert [file.name for file in disk.iterdir()] == ["much"]


def test_libraries_say_that_a_disk_is_full(disk: Path) -> None:
    """What polars raises is no OSError."""
    frame = pl.DataFrame({"a": range(1_000_000)})
    with filled(disk):
        with pytest.raises(Exception, match="No space left") as caught:
            frame.write_parquet(disk / "x.parquet", compression="uncompressed")
        assert room.passes(caught.value)


def test_a_write_waits_for_room_where_there_is_patience(disk: Path) -> None:
    """The first failure frees the disk."""
    heard: list[str] = []

    def free(reason: str) -> None:
        heard.append(reason)
        (disk / "filler").unlink()

    def work() -> int:
        return (disk / "x").write_bytes(b"1" * 1000)

    (disk / "filler").write_bytes(b"\0" * os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize)
    with pytest.raises(OSError, match="No space left"):
        room.write(work)
    with room.patience(free):
        assert room.write(work) == 1000

    assert len(heard) == 1
    with pytest.raises(OSError, match="No such file"), room.patience(heard.append):
        room.write(lambda: (disk / "nowhere" / "x").write_bytes(b"1"))


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file for which trial jobs wait."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return tmp_path / "go"


async def begun(pool: SolverPool, go: Path, *steps: Any) -> asyncio.Task[bytes]:
    """A job that is at work, and waits."""
    go.unlink(missing_ok=True)
    request = {"steps": [["until", str(go)], *steps], "answer": "x" * 5000}
    started = asyncio.Event()
    run = await pool.submit(Job("solve", json.dumps(request).encode(), LIMIT_S), lambda _: started.set())
    await started.wait()
    return run.task


def answer(result: bytes) -> Any:
    return json.loads(result)["answer"]


def test_a_job_says_that_its_folder_is_full(disk: Path, go: Path) -> None:
    """It fills up while the job is at work, and has no room for the next."""

    async def scene() -> None:
        async with SolverPool(Settings(slots=1, work_dir=disk / "work"), "trial_jobs") as pool:
            task = await begun(pool, go)
            with filled(disk):
                go.touch()
                with pytest.raises(NoRoomError):
                    await task
                with pytest.raises(NoRoomError):
                    await pool.run(Job("solve", b'{"steps": []}', LIMIT_S))
            task = await begun(pool, go)
            go.touch()
            assert answer(await task) == "x" * 5000

    asyncio.run(scene())


def test_a_result_waits_for_room_however_long_and_can_be_cancelled(disk: Path, go: Path) -> None:
    """Longer than the job may take."""

    async def scene() -> None:
        settings = Settings(slots=1, work_dir=disk / "work", grace_s=0.1)
        async with SolverPool(settings, "trial_jobs", patient=True) as pool:
            unwanted = await begun(pool, go)
            with filled(disk):
                go.touch()
                await asyncio.wait([unwanted], timeout=0.5)
                assert not unwanted.done()
                unwanted.cancel()
                await asyncio.wait([unwanted])
            assert unwanted.cancelled()
            task = await begun(pool, go)
            with filled(disk):
                go.touch()
                await asyncio.wait([task], timeout=LIMIT_S + 1)
                assert not task.done()
            assert answer(await asyncio.wait_for(task, PATIENCE_S)) == "x" * 5000

    asyncio.run(scene())


def test_a_crash_is_put_down_to_a_full_folder_where_it_is_full(disk: Path, go: Path) -> None:
    """Native code does not say why it dies; with room, a crash is a crash."""

    async def scene() -> None:
        async with SolverPool(Settings(slots=1, work_dir=disk / "work"), "trial_jobs") as pool:
            task = await begun(pool, go, ["die"])
            go.touch()
            with pytest.raises(JobFailedError, match="lost"):
                await task
            task = await begun(pool, go, ["die"])
            with filled(disk):
                go.touch()
                with pytest.raises(NoRoomError):
                    await task

    asyncio.run(scene())
