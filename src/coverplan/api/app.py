"""The app: routes, layers and the pool of solver children."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import structlog
from fastapi import FastAPI

from coverplan import __version__
from coverplan.api import idempotency
from coverplan.api.body import Parsers
from coverplan.api.closing import Closing
from coverplan.api.companion import worker_beside
from coverplan.api.compression import Compression
from coverplan.api.edge.head import Head
from coverplan.api.edge.proxies import Proxies
from coverplan.api.errors import answer_errors, error_responses
from coverplan.api.guard.access import Access
from coverplan.api.guard.auth import OPEN_TENANT, PROTECTED
from coverplan.api.guard.gate import PROBES, Gate
from coverplan.api.guard.quotas import Admission
from coverplan.api.guard.rates import Rates
from coverplan.api.parameters import KNOWN_PARAMETERS
from coverplan.api.readiness import (
    Check,
    current_database,
    living_worker,
    solver_children,
    work_folder,
    writable_blobs,
    writable_database,
)
from coverplan.api.reference.document import complete
from coverplan.api.routes import (
    audit,
    batches,
    constraint_kinds,
    datasets,
    description,
    evaluate,
    experiments,
    health,
    issue_codes,
    keys,
    limits,
    metrics,
    policies,
    run_results,
    runs,
    solve,
    validate,
    webhooks,
)
from coverplan.api.storage import Storage
from coverplan.api.streaming.feed import Feed
from coverplan.api.streaming.watch import Watch
from coverplan.jobs.queue import prepare
from coverplan.jobs.submit import Submission
from coverplan.process.pool import SolverPool
from coverplan.settings import Settings
from coverplan.store import workers
from coverplan.store.store import Store

log = structlog.get_logger(__name__)
ROUTERS = (
    solve.router,
    runs.router,
    run_results.router,
    batches.router,
    experiments.router,
    validate.router,
    evaluate.router,
    webhooks.router,
    datasets.router,
    policies.router,
    keys.router,
    audit.router,
    metrics.router,
)
OPEN_ROUTERS = (
    constraint_kinds.router,
    issue_codes.router,
    limits.router,
    health.router,
    description.router,
)
"""The service describes itself to anybody; all else needs a key."""


def create_app(settings: Settings, *, with_worker: bool = False) -> FastAPI:
    """The service as an ASGI app; its solver children, and the worker beside it, live as long as its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.closing = Closing(settings.shutdown_s)
        app.state.parsers = Parsers()
        app.state.store = await asyncio.to_thread(Store.open, settings)
        await asyncio.to_thread(prepare, settings.database)
        app.state.submission = Submission(app.state.store, settings)
        app.state.feed = Feed(app.state.store)
        app.state.watch = Watch()
        await asyncio.to_thread(idempotency.recover, app.state.store.database)
        app.state.access = Access(settings, app.state.store.database)
        app.state.rates = Rates()
        if await app.state.access.is_open():
            log.warning("runs open: calls need no API key", tenant=OPEN_TENANT, close_it="coverplan keys create")
        gc.collect()
        gc.freeze()
        try:
            async with (
                SolverPool(settings) as app.state.pool,
                worker_beside(settings) if with_worker else nullcontext(),
            ):
                storage = Storage(app.state.pool, app.state.store)
                app.state.checks = _checks(app.state.pool, app.state.store, storage)
                app.state.admission = Admission(app.state.store.database, storage)
                winding_up = asyncio.create_task(_wind_up(app.state.closing, app.state.pool))
                yield
                winding_up.cancel()
        finally:
            app.state.store.close()

    app = FastAPI(
        # Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set and the OpenTelemetry SDK is installed.
        dependencies=[KNOWN_PARAMETERS],
        telemetry={"auto_configure": True, "exclude": lambda scope: scope.get("path") in PROBES},
        title="Coverplan",
        version=__version__,
        summary="Assigns accounts to sales reps by a mixed-integer program, with a proven gap and the reasons.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    for router in ROUTERS:
        app.include_router(router, dependencies=[PROTECTED], responses=error_responses(401, 422, 429, 503))
    for router in OPEN_ROUTERS:
        app.include_router(router, responses=error_responses(422))
    answer_errors(app)
    app.add_middleware(Head)
    app.add_middleware(Compression, minimum_size=1000, compresslevel=4)
    app.add_middleware(Gate, settings=settings)
    app.add_middleware(Proxies, settings=settings)
    complete(app)
    return app


async def _wind_up(closing: Closing, pool: SolverPool) -> None:
    """Have solves that callers wait for answered once the service is asked to stop."""
    await closing.wait()
    pool.wind_up()


def _checks(pool: SolverPool, store: Store, storage: Storage) -> tuple[Check, ...]:
    """What `/readyz` looks at."""
    return (
        current_database(store.database),
        writable_database(storage),
        writable_blobs(storage),
        solver_children(pool),
        work_folder(storage),
        living_worker(workers.alive, store.database),
    )
