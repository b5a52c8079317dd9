"""Workers taken for dead that live: they let go, enrol anew and go on; nothing is lost, done twice or failed."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from coverplan.store.database import Database
from coverplan.store.schema import experiments, runs, workers
from support.cells import check_each_cell_once, submit, tiny_experiment
from support.deployment import TINY, Deployment, deployment, slow
from support.network import network
from support.postgres import Postgres
from support.service import wait_for
from support.started import Started
from support.timing import PATIENCE_S

LONG_S = 120.0
"""Of runs that the test ends itself."""


class Scene:
    """A deployment, and its database as an operator sees it."""

    def __init__(self, running: Deployment, database: Database) -> None:
        self.running = running
        self.database = database

    def places(self) -> dict[str, int]:
        """The list of workers: their ids and the keys of their locks."""
        with self.database.read() as connection:
            return dict(connection.execute(sa.select(workers.c.id, workers.c.lock_key)).all())

    def worker_of(self, run_id: str) -> str | None:
        """The worker that has a run."""
        with self.database.read() as connection:
            return connection.execute(sa.select(runs.c.worker).where(runs.c.id == run_id)).scalar()

    def losses(self, *run_ids: str) -> list[int]:
        """How many workers were lost over each of these runs, by the order of their ids."""
        wanted = sa.select(runs.c.losses).where(runs.c.id.in_(run_ids)).order_by(runs.c.id)
        with self.database.read() as connection:
            return list(connection.execute(wanted).scalars())

    def process_of(self, worker: str) -> Started:
        """The process of a worker, which says its name in its log."""
        for one in self.running.workers:
            if worker in (self.running.folder / self.running.logs[one.pid]).read_text():
                return one
        raise AssertionError(worker)

    def enrolled_anew(self, worker: str, before: int) -> bool:
        """Whether a worker is on the list again, in another place than before."""
        return wait_for(lambda: self.places().get(worker, before) != before, PATIENCE_S)

    def ended(self, *run_ids: str) -> list[dict[str, Any]]:
        """How these runs end, which are finished for it as soon as they have a plan."""
        with self.running.client() as client:
            for run_id in run_ids:
                assert wait_for(lambda: self.running.state(run_id)["objective_value"] is not None, PATIENCE_S)  # noqa: B023
                assert client.post(f"/v1/runs/{run_id}/finish").is_success
        return [self.running.wait(run_id) for run_id in run_ids]

    def kinds(self, run_id: str) -> list[str]:
        """The events of an ended run, but for those of its progress."""
        with self.running.client() as client:
            lines = client.get(f"/v1/runs/{run_id}/events").text.splitlines()
        told = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        return [kind for kind in told if kind != "progress"]


@contextmanager
def _scene(folder: Path, url: str, workers: int, **settings: object) -> Iterator[Scene]:
    given = None if url.startswith("sqlite") else url
    with deployment(folder, workers=workers, database_url=given, **settings) as running:
        database = Database.open(url)
        yield Scene(running, database)
        database.close()


def test_a_worker_that_is_struck_by_hand_goes_on(database_url: str, tmp_path: Path) -> None:
    """No loss counts, as it hands its runs back itself; an experiment beside it is not multiplied."""
    with _scene(tmp_path, database_url, 2, max_attempts=1) as scene:
        mine = [scene.running.submit(slow(LONG_S)) for _ in range(2)]
        for run_id in mine:
            scene.running.wait(run_id, "running")
        for _ in range(2):
            before = scene.places()
            with scene.database.begin() as connection:
                connection.execute(sa.delete(workers))
            assert all(scene.enrolled_anew(worker, key) for worker, key in before.items())
        with scene.running.client() as client:
            experiment_id = submit(client, tiny_experiment([0.01, 0.02], 2))
        states = scene.ended(*mine)
        assert scene.running.wait(scene.running.submit(TINY))["job_status"] == "completed"
        with scene.running.client() as client:
            over = lambda: client.get(f"/v1/experiments/{experiment_id}").json()["job_status"] == "completed"  # noqa: E731
            assert wait_for(over, PATIENCE_S)
        check_each_cell_once(scene.running, experiment_id, 4)
        with scene.database.read() as connection:
            stages = connection.execute(sa.select(experiments.c.stage)).scalar_one()

        assert [state["job_status"] for state in states] == ["completed", "completed"]
        assert scene.losses(*mine) == [0, 0]
        assert stages <= 4
        assert [scene.kinds(run_id).count("ended") for run_id in mine] == [1, 1]


@pytest.mark.timeout(300)
def test_a_worker_that_stands_still_is_replaced_and_comes_back(postgres: Postgres, tmp_path: Path) -> None:
    """It stands still for longer than its lease, its lock held: the run goes to the other one, and ends once."""
    with _scene(tmp_path, postgres.database(), 2) as scene:
        run_id = scene.running.submit(slow(LONG_S))
        scene.running.wait(run_id, "running")
        first = scene.worker_of(run_id)
        assert first is not None
        place, process = scene.places()[first], scene.process_of(first)
        process.send_signal(signal.SIGSTOP)
        try:
            assert wait_for(lambda: scene.worker_of(run_id) != first, PATIENCE_S)
            assert first not in scene.places()
        finally:
            process.send_signal(signal.SIGCONT)
        assert scene.enrolled_anew(first, place)
        (state,) = scene.ended(run_id)

        assert (state["job_status"], state["attempts"], scene.losses(run_id)) == ("completed", 2, [1])
        assert scene.kinds(run_id) == ["queued", "started", "started", "ended"]
        for process in scene.running.workers:
            assert process.poll() is None
        assert scene.running.wait(scene.running.submit(TINY))["job_status"] == "completed"


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("comes_back", [True, False])
def test_a_worker_behind_a_silent_network_is_replaced(postgres: Postgres, tmp_path: Path, comes_back: bool) -> None:
    """Nothing closes its connections, so that it holds its lock; it comes back, or its machine was lost."""
    url = postgres.database()
    with network(url) as far, _scene(tmp_path, url, 0) as scene:
        lost = scene.running.start_worker(COVERPLAN_DATABASE_URL=far.url)
        scene.running.await_workers()
        run_id = scene.running.submit(slow(LONG_S))
        scene.running.wait(run_id, "running")
        ((first, place),) = scene.places().items()
        scene.running.start_worker()
        scene.running.await_workers()
        far.fall_silent()
        if not comes_back:
            lost.kill()
            lost.wait()
            scene.running.workers.remove(lost)
        assert wait_for(lambda: scene.worker_of(run_id) != first, PATIENCE_S)
        assert first not in scene.places()
        if comes_back:
            far.recover()
            assert scene.enrolled_anew(first, place)
        (state,) = scene.ended(run_id)

        assert (state["job_status"], state["attempts"], scene.losses(run_id)) == ("completed", 2, [1])
        assert scene.kinds(run_id) == ["queued", "started", "started", "ended"]


@pytest.mark.timeout(300)
def test_a_short_silence_of_the_network_loses_nothing(postgres: Postgres, tmp_path: Path) -> None:
    """Shorter than a lease: runs that end in it, and are submitted in it, are answered once it is over."""
    url = postgres.database()
    with network(url) as far, _scene(tmp_path, url, 0) as scene:
        scene.running.start_worker(COVERPLAN_DATABASE_URL=far.url)
        scene.running.start_worker()
        scene.running.await_workers()
        before = scene.places()
        mine = [scene.running.submit(slow(2.0)) for _ in range(2)]
        for run_id in mine:
            scene.running.wait(run_id, "running")
        far.fall_silent()
        mine += [scene.running.submit(TINY) for _ in range(4)]
        time.sleep(3.0)
        far.recover()
        states = [scene.running.wait(run_id) for run_id in mine]

        assert [state["job_status"] for state in states] == ["completed"] * len(mine)
        assert scene.losses(*mine) == [0] * len(mine)
        assert [scene.kinds(run_id).count("ended") for run_id in mine] == [1] * len(mine)
        assert scene.places() == before
        assert json.dumps(states).count("worker_lost") == 0


def test_jobs_that_were_begun_together_end_one_by_one(database_url: str, tmp_path: Path) -> None:
    """The second goes on for two rare looks after the first has ended: nobody takes it for one that was left."""
    with _scene(tmp_path, database_url, 0) as scene:
        mine = [scene.running.submit(slow(seconds)) for seconds in (0.5, 12.0)]
        scene.running.start_worker()
        states = [scene.running.wait(run_id) for run_id in mine]
        assert [(state["job_status"], state["attempts"]) for state in states] == [("completed", 1)] * 2
