"""`/readyz` tells what is missing."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from coverplan.api.app import create_app
from coverplan.api.readiness import Check, missing
from coverplan.process.watch import Watch
from coverplan.settings import Settings
from coverplan.store.store import Store


def ready_after(change: Any, **settings: Any) -> httpx.Response:
    """What the service says once `change` has been done to its store."""
    app = create_app(Settings(**{"warm_children": 0, **settings}))

    async def call() -> httpx.Response:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):
            change(app.state)
            return await client.get("/readyz")

    return asyncio.run(call())


def other_version(state: Any) -> None:
    store: Store = state.store
    with store.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'another'"))
        connection.execute(text("ALTER TABLE webhook_deliveries DROP COLUMN experiment_id"))


def no_tables(state: Any) -> None:
    store: Store = state.store
    with store.database.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))


def no_work_folder(state: Any) -> None:
    shutil.rmtree(state.pool.folder)


def no_blobs(state: Any) -> None:
    """A file where the folder was: even root cannot write into it."""
    folder = Path(state.settings.blobs.removeprefix("file://"))
    shutil.rmtree(folder)
    folder.write_text("")


def test_without_a_worker_the_service_is_ready_and_says_so(database_url: str, tmp_path: Path) -> None:
    answer = ready_after(lambda _: None, database_url=database_url, data_dir=tmp_path)

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "missing": ["a worker (runs wait until one starts: coverplan worker)"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (other_version, "tables of this version"),
        (no_tables, "tables of this version"),
        (no_blobs, "COVERPLAN_BLOB_URL"),
        (no_work_folder, "COVERPLAN_WORK_DIR"),
    ],
)
def test_what_is_needed_is_named(database_url: str, tmp_path: Path, change: Any, words: str) -> None:
    answer = ready_after(change, database_url=database_url, data_dir=tmp_path)

    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert words in answer.json()["detail"]
    assert answer.headers["retry-after"] == "5"


def test_a_solver_that_does_not_start_is_named(tmp_path: Path) -> None:
    """Just after the start there is none yet."""
    answer = ready_after(lambda _: None, data_dir=tmp_path, warm_children=1)

    assert answer.status_code == 503
    assert "a solver child" in answer.json()["detail"]


def test_a_check_that_hangs_is_missing_after_three_seconds() -> None:
    async def forever() -> str | None:
        await asyncio.Event().wait()
        return None

    async def fine() -> str | None:
        return None

    needed, other = asyncio.run(missing([Check(forever), Check(fine)]))

    assert (len(needed), other) == (1, [])
    assert "within 3 s" in needed[0]


def test_what_is_well_is_looked_at_once_a_second_and_what_is_not_more_often() -> None:
    """Five ask at the same moment: one look. It breaks at 0.5 s, which is seen at 1.0 s, and mends at 1.2 s."""
    now, broken, looks = 0.0, False, 0

    def look() -> str | None:
        nonlocal looks
        looks += 1
        return "broken" if broken else None

    async def scene() -> list[str | None]:
        nonlocal now, broken
        watch = Watch(look, clock=lambda: now)
        seen = list(await asyncio.gather(*(watch.lack() for _ in range(5))))
        assert (set(seen), looks) == ({None}, 1)
        seen, broken = [], True
        for moment in (0.5, 1.0, 1.2, 1.25):
            now, broken = moment, moment < 1.2
            seen.append(await watch.lack())
        return seen

    assert asyncio.run(scene()) == [None, "broken", "broken", None]
    assert looks == 3


def test_a_look_at_storage_leaves_nothing(database_url: str, tmp_path: Path) -> None:
    """Everything is written to, and gone."""
    settings = {"database_url": database_url, "data_dir": tmp_path / "data", "work_dir": tmp_path / "work"}
    answer = ready_after(lambda _: None, **settings)

    assert answer.status_code == 200
    assert [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "work").iterdir()) == []
