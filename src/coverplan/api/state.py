"""What routes get from the app."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store.store import Store


def _pool(request: Request) -> SolverPool:
    pool: SolverPool = request.app.state.pool
    return pool


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Pool = Annotated[SolverPool, Depends(_pool)]
Configured = Annotated[Settings, Depends(_settings)]
Stored = Annotated[Store, Depends(_store)]
