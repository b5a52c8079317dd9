"""The pool against real child processes that answer, crash, hang, print and grow."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import REGISTRY

from coverplan.process.job import BusyError, Job, JobFailedError
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from support.processes import all_end, is_gone

Play = Callable[[SolverPool], Coroutine[Any, Any, None]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a scene with an open pool of trial children and checks that nothing of it is left."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))

    def run(scene: Play, **settings: Any) -> None:
        async def main() -> None:
            chosen = Settings(**{"slots": 1, "work_dir": tmp_path / "work", **settings})
            async with SolverPool(chosen, "trial_jobs") as pool:
                await asyncio.wait_for(scene(pool), 60)

        before = set(psutil.Process().children(recursive=True))
        asyncio.run(main())
        assert set(psutil.Process().children(recursive=True)) <= before
        assert list((tmp_path / "work").iterdir()) == []

    return run


def job(*steps: Any, limit: float | None = 30.0, large: bool = False, **more: Any) -> Job:
    return Job("solve", json.dumps({"steps": steps, **more}).encode(), limit, large)


async def result(pool: SolverPool, work: Job) -> Any:
    return json.loads(await pool.run(work))


async def started(pool: SolverPool, work: Job) -> tuple[Any, int]:
    """The run, once its child is at work, and the child's process id."""
    news: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    run = await pool.submit(work, news.put_nowait)
    return run, (await news.get())["pid"]


def test_small_jobs_share_a_warm_child_and_a_large_one_gets_its_own(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        first = await result(pool, job(answer=1))
        second = await result(pool, job(answer=2))
        large = await result(pool, job(large=True))

        assert (first["answer"], second["answer"]) == (1, 2)
        assert first["pid"] == second["pid"] != large["pid"]
        assert is_gone(large["pid"])

    play(scene)


def test_native_prints_do_not_disturb_the_answers(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        assert (await result(pool, job(["print", '{"event":"done"}\n'], answer="real")))["answer"] == "real"

    play(scene)


@pytest.mark.parametrize(
    ("steps", "settings"),
    [([], {"recycle_after": 2}), ([["grow", 64]], {"recycle_growth_mb": 32})],
    ids=["jobs", "growth"],
)
def test_a_worn_child_works_until_its_replacement_is_ready(
    play: Callable[..., None], steps: list[Any], settings: dict[str, int]
) -> None:
    async def scene(pool: SolverPool) -> None:
        worn = (await result(pool, job(*steps)))["pid"]
        assert (await result(pool, job()))["pid"] == worn  # nobody waits for the new one
        while (await result(pool, job()))["pid"] == worn:
            await asyncio.sleep(0.05)
        while not is_gone(worn):
            await asyncio.sleep(0.05)

    play(scene, **settings)


def test_a_failure_is_told_without_its_text_and_costs_only_that_child(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        with pytest.raises(JobFailedError) as failure:
            await pool.run(job(["fail", "secret"]))

        assert failure.value.code == "internal_error"
        assert "secret" not in str(failure.value)
        assert "RuntimeError: secret" in failure.value.last_words
        assert (await result(pool, job(answer=3)))["answer"] == 3

    play(scene)


def test_a_lost_child_leaves_its_incumbent(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        saved = await result(pool, job(["die"], keep="incumbent"))
        assert (saved["kept"], saved["stopped_by"]) == ("incumbent", "solver_lost")
        assert (await result(pool, job(answer=4)))["answer"] == 4

    play(scene)


def test_stopped_children_and_overshoot_are_counted(play: Callable[..., None]) -> None:
    """One is lost; one is killed half a second or more after its limit of 0.2 s."""
    names = {
        "lost": ("coverplan_child_kills_total", {"reason": "solver_lost"}),
        "late": ("coverplan_child_kills_total", {"reason": "time_limit"}),
        "solves": ("coverplan_solve_seconds_count", {}),
        "overshoot": ("coverplan_time_limit_overshoot_seconds_sum", {}),
    }

    def counted() -> dict[str, float]:
        return {name: REGISTRY.get_sample_value(*sample) or 0.0 for name, sample in names.items()}

    async def scene(pool: SolverPool) -> None:
        before = counted()
        await result(pool, job(["die"], keep="incumbent"))
        await result(pool, job(["sleep", 30], keep="incumbent", limit=0.2))
        grown = {name: value - before[name] for name, value in counted().items()}
        assert (grown["lost"], grown["late"], grown["solves"]) == (1, 1, 2)
        assert 0.5 <= grown["overshoot"] < 10

    play(scene, grace_s=0.5)


def test_a_lost_child_without_incumbent_is_an_error(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        with pytest.raises(JobFailedError, match="lost") as failure:
            await pool.run(job(["die"]))
        assert failure.value.code == "solver_lost"

    play(scene)


def test_a_child_that_was_killed_while_idle_is_noticed(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        pid = (await result(pool, job()))["pid"]
        os.kill(pid, 9)
        assert (await result(pool, job(answer=5)))["answer"] == 5

    play(scene)


def test_a_child_that_ignores_its_limit_is_killed_with_its_own_children(
    play: Callable[..., None], tmp_path: Path
) -> None:
    async def scene(pool: SolverPool) -> None:
        await result(pool, job())
        began = time.monotonic()
        saved = await result(pool, job(["sleeper", str(tmp_path / "pid")], ["sleep", 60], limit=1.0, keep=1))
        assert saved["stopped_by"] == "time_limit"
        assert 1.2 <= time.monotonic() - began < 10  # limit 1 + grace 0.2; left alone, it would take 60
        assert all_end(int((tmp_path / "pid").read_text()))

    play(scene, grace_s=0.2)


@pytest.mark.parametrize(("done", "answered"), [([["done"]], True), ([], False)])
def test_a_child_that_is_done_searching_may_write_its_answer(
    play: Callable[..., None], done: list[Any], answered: bool
) -> None:
    """Loading took 1 s: limit 0.5 + grace 0 + 0.5 x 1 = 1 s, and 5 x 1 s more where only the answer is missing."""

    async def scene(pool: SolverPool) -> None:
        answer = await result(pool, job(*done, ["sleep", 1.8], limit=0.5, keep=1, load_s=1.0))
        assert ("kept" in answer) is not answered

    play(scene, grace_s=0.0)


def test_a_child_beyond_its_memory_is_killed(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        saved = await result(pool, job(["grow", 400], ["sleep", 60], keep=1))
        assert saved["stopped_by"] == "memory_limit"

    play(scene, memory_limit_mb=350)


def test_memory_of_a_childs_children_counts(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        saved = await result(pool, job(["grow_child", 400], ["sleep", 60], keep=1))
        assert saved["stopped_by"] == "memory_limit"

    play(scene, memory_limit_mb=350)


def test_cancel_ends_the_whole_group_at_once(play: Callable[..., None], tmp_path: Path) -> None:
    async def scene(pool: SolverPool) -> None:
        run, pid = await started(pool, job(["sleeper", str(tmp_path / "pid")], ["sleep", 60]))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        began = time.monotonic()
        await run.cancel()
        assert time.monotonic() - began < 5.0
        assert is_gone(pid)
        assert all_end(int((tmp_path / "pid").read_text()))
        with pytest.raises(asyncio.CancelledError):
            await run.result()

    play(scene)


def test_finish_answers_with_the_incumbent(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        run, pid = await started(pool, job(["sleep", 60], keep="best"))
        await asyncio.sleep(0.1)
        run.finish()
        saved = json.loads(await run.result())
        assert (saved["kept"], saved["stopped_by"]) == ("best", "finished_by_caller")
        assert is_gone(pid)

    play(scene)


def test_a_busy_pool_refuses_and_frees_its_slot(play: Callable[..., None]) -> None:
    async def scene(pool: SolverPool) -> None:
        run, _ = await started(pool, job(["sleep", 60]))
        with pytest.raises(BusyError):
            await pool.run(job())
        await run.cancel()
        assert (await result(pool, job(answer=6)))["answer"] == 6

    play(scene, queue_wait_s=0.2)


def test_closing_the_pool_ends_running_jobs(play: Callable[..., None]) -> None:
    pids = []

    async def scene(pool: SolverPool) -> None:
        pids.append((await started(pool, job(["sleep", 60])))[1])

    play(scene)
    assert is_gone(pids[0])


def test_a_child_that_does_not_start_is_tried_again(
    play: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module of the jobs is missing at first."""
    monkeypatch.setattr("coverplan.process.pool._RETRY_S", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    async def scene(pool: SolverPool) -> None:
        with pytest.raises(JobFailedError) as failure:
            await pool.run(job())
        assert failure.value.code == "solver_lost"
        assert not pool.ready
        (tmp_path / "trial_jobs.py").write_text((Path(__file__).parent / "trial_jobs.py").read_text())
        while not pool.ready:
            await asyncio.sleep(0.05)
        assert (await result(pool, job(answer=7)))["answer"] == 7

    play(scene)
