"""What passes is waited for, however long; what does not is not."""

from __future__ import annotations

import asyncio
import json
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from coverplan.jobs import ending, patience
from coverplan.jobs.patience import at_last, at_last_with_room
from coverplan.process.job import JobFailedError, NoRoomError
from coverplan.process.pool import SolverPool
from coverplan.room import pauses
from coverplan.settings import Settings
from coverplan.store.blobs import BlobLostError, Blobs, NoBlobError
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.store import Store

PASSING = (BlobLostError("503"), DatabaseLostError("53100"), NoRoomError("full"), OSError(28, "No space left"))
TIMES = 50


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "pauses", lambda *_: repeat(0.0))


class Failing:
    """Work that fails so many times with each of some errors, then succeeds."""

    def __init__(self, *errors: Exception, times: int = TIMES) -> None:
        self.errors = [error for error in errors for _ in range(times)]

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop()
        return "done"


def test_pauses_grow_to_a_limit() -> None:
    """0.5, 1, 2, 4, 4 at most, and three quarters of it at least."""
    found = [next(some) for some in [pauses(4.0)] for _ in range(5)]

    for most, pause in zip((0.5, 1, 2, 4, 4), found, strict=True):
        assert 0.75 * most <= pause <= most


def test_what_passes_is_waited_for(no_pauses: None, tmp_path: Path) -> None:
    begun: list[None] = []

    async def scene() -> list[str]:
        async with SolverPool(Settings(slots=1, warm_children=0, work_dir=tmp_path)) as pool:
            again = await at_last_with_room(Failing(*PASSING), pool, lambda: begun.append(None))
            return [await at_last(Failing(*PASSING)), again]

    assert asyncio.run(scene()) == ["done", "done"]
    assert len(begun) == TIMES * len(PASSING)


@pytest.mark.parametrize("error", [JobFailedError("memory_limit"), NoBlobError("x"), ValueError("x")])
def test_what_does_not_pass_is_not(no_pauses: None, error: Exception) -> None:
    with pytest.raises(type(error)):
        asyncio.run(at_last(Failing(error)))


class FullFor(Blobs):
    """A store that takes nothing for a while."""

    def __init__(self, folder: Path, times: int) -> None:
        super().__init__(f"file://{folder}")
        self.left = times

    async def put(self, path: str, data: bytes) -> None:
        """Fail, or write."""
        self.left -= 1
        if self.left >= 0:
            raise BlobLostError("507 Insufficient Storage")
        await super().put(path, data)


def test_a_plan_waits_until_the_store_takes_it(no_pauses: None, tmp_path: Path) -> None:
    blobs = FullFor(tmp_path, TIMES)
    row: Any = {"id": "run-1", "attempt": 1}
    told = {"solution_status": "optimal", "objective": None, "dual_bound": None, "gap": None, "stopped_by": "proof"}
    plan = json.dumps({"run_id": None, **told}, separators=(",", ":")).encode()

    ended = asyncio.run(ending.kept(Store(Database.open(f"sqlite:///{tmp_path / 'x.db'}"), blobs), row, plan, None))

    assert ended.status == "completed"
    assert json.loads((tmp_path / ended.facts["plan_path"]).read_bytes())["run_id"] == "run-1"
