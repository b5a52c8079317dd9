"""`/readyz` tells what is missing."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from coverplan.api.app import create_app
from coverplan.api.readiness import Check, missing, writable_blobs
from coverplan.settings import Settings
from coverplan.store.blobs import Blobs
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


def test_a_blob_store_that_mends_is_asked_at_once(tmp_path: Path) -> None:
    """While it is well it is asked every ten seconds only."""
    folder = tmp_path / "blobs"

    async def scene() -> list[bool]:
        check = writable_blobs(Blobs(f"file://{folder}"))
        seen = [await check.look() is None]
        shutil.rmtree(folder)
        folder.write_text("")
        seen.append(await check.look() is None)  # not asked
        broken = writable_blobs(Blobs(f"file://{tmp_path / 'other'}"))
        shutil.rmtree(tmp_path / "other")
        (tmp_path / "other").write_text("")
        seen.append(await broken.look() is None)
        os.remove(tmp_path / "other")
        (tmp_path / "other").mkdir()
        seen.append(await broken.look() is None)
        return seen

    assert asyncio.run(scene()) == [True, True, False, True]
    assert list((tmp_path / "other").rglob("*.*")) == []
