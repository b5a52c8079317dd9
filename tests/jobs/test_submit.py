"""Runs that are submitted at about the same time share a transaction, and tiny ones a job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from coverplan.jobs import queue
from coverplan.jobs.submit import Accepted, Known, Submission
from coverplan.payload.runs import RunRequest
from coverplan.settings import Settings
from coverplan.store.store import Store
from support.deployment import TINY

TENANT = "acme"


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    store = Store.open(Settings(database_url=database_url, data_dir=tmp_path))
    queue.prepare(store.database.engine.url.render_as_string(hide_password=False))
    yield store
    store.database.close()


def _accepted(submission: Submission, accounts: int = 4, **facts: Any) -> Accepted:
    problem = {**TINY["problem"], "accounts": [{"id": f"a{n}"} for n in range(accounts)]}
    request = RunRequest.model_validate({**TINY, "problem": problem, **facts})
    return submission.accepted(request, TENANT, Known())


def _then(run: Accepted, _: Connection) -> str:
    return f"then {run.id}"


def _jobs(store: Store) -> list[tuple[str, str]]:
    with store.database.read() as connection:
        table = "workflow_status" if store.database.is_sqlite else "dbos.workflow_status"
        found = connection.execute(text(f"SELECT queue_name, workflow_uuid FROM {table} ORDER BY workflow_uuid"))
        return [(name, job) for name, job in found]


def test_tiny_runs_of_one_moment_are_one_job(store: Store) -> None:
    """Of one priority; the others have jobs of their own in the same transaction."""
    submission = Submission(store, Settings())
    first, second, third = (_accepted(submission) for _ in range(3))
    larger, urgent = _accepted(submission, accounts=300), _accepted(submission, priority=9)

    async def submit() -> list[str]:
        runs = (first, second, larger, third, urgent)
        return await asyncio.gather(*(submission.add(run, partial(_then, run)) for run in runs))

    answers = asyncio.run(submit())

    assert answers == [f"then {run.id}" for run in (first, second, larger, third, urgent)]
    assert sorted(_jobs(store)) == sorted(
        [("small", f"together-{first.id}"), ("small", larger.id), ("small", urgent.id)]
    )


def test_a_run_that_cannot_be_added_takes_no_other_along(store: Store) -> None:
    """Each is tried alone then."""
    submission = Submission(store, Settings())
    runs = [_accepted(submission) for _ in range(3)]

    def refuse(_: Connection) -> str:
        raise LookupError

    async def submit() -> list[object]:
        then = [lambda _: "added", refuse, lambda _: "added"]
        calls = (submission.add(run, work) for run, work in zip(runs, then, strict=True))
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(submit())

    assert [answers[0], answers[2]] == ["added", "added"]
    assert isinstance(answers[1], LookupError)
    assert _jobs(store) == sorted(("small", run.id) for run in (runs[0], runs[2]))
