"""What routes get from the app; asynchronous, as FastAPI calls other functions in a thread."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from coverplan.api.streaming.feed import Feed
from coverplan.api.streaming.watch import Watch
from coverplan.jobs.submit import Submission
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store.store import Store


async def _pool(request: Request) -> SolverPool:
    pool: SolverPool = request.app.state.pool
    return pool


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


async def _submission(request: Request) -> Submission:
    submission: Submission = request.app.state.submission
    return submission


async def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


async def _watch(request: Request) -> Watch:
    watch: Watch = request.app.state.watch
    return watch


Pool = Annotated[SolverPool, Depends(_pool)]
Configured = Annotated[Settings, Depends(_settings)]
Stored = Annotated[Store, Depends(_store)]
Submitted = Annotated[Submission, Depends(_submission)]
Fed = Annotated[Feed, Depends(_feed)]
Watched = Annotated[Watch, Depends(_watch)]
