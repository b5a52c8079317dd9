"""Numbers for operators, as Prometheus reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from coverplan.api.errors import error_responses
from coverplan.api.guard.auth import Watcher
from coverplan.api.media import TEXT, accepts
from coverplan.api.state import Stored
from coverplan.metrics import API, together
from coverplan.store import workers
from coverplan.store.census import Census, take_census
from coverplan.store.database import Database, DatabaseLostError

router = APIRouter(tags=["the service"])

_SHOWN = {
    "description": "Metrics of this process, and of the queue as the database has it; workers show their own.",
    "content": {TEXT: {"schema": {"type": "string"}, "example": "coverplan_runs_queued 3.0\n"}},
}


@router.get(
    "/metrics",
    summary="Show the metrics",
    response_class=Response,
    responses={200: _SHOWN, **error_responses()},
    dependencies=[accepts(TEXT)],
)
async def show_metrics(_caller: Watcher, store: Stored) -> Response:
    """Prometheus text: requests and solves of this process, and what waits in the queue.

    The scope `metrics` is enough, and lets a key do nothing else.
    """
    content = await store.database.apart(lambda: _metrics(store.database))
    return Response(content, media_type=CONTENT_TYPE_LATEST)


class _Queue(Collector):
    """What the database knows: the same whichever process is asked, so take the maximum, not the sum."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; without the database only that it does not answer."""
        up = "coverplan_database_up", "Whether the database answers."
        try:
            with self._database.read() as connection:
                census = take_census(connection)
            alive = workers.alive(self._database)
        except DatabaseLostError:
            yield GaugeMetricFamily(*up, value=0)
            return
        yield GaugeMetricFamily(*up, value=1)
        yield from _gauges(census, alive)


def _gauges(census: Census, alive: int) -> Iterator[GaugeMetricFamily]:
    waited = 0.0 if census.oldest_queued_at is None else max(0.0, time.time() - census.oldest_queued_at)
    yield GaugeMetricFamily("coverplan_runs_queued", "Runs that wait for a worker.", value=census.queued)
    yield GaugeMetricFamily("coverplan_runs_running", "Runs that a worker is at.", value=census.running)
    yield GaugeMetricFamily("coverplan_oldest_queued_run_seconds", "How long the oldest one has waited.", value=waited)
    yield GaugeMetricFamily("coverplan_workers", "Workers that live.", value=alive)
    yield GaugeMetricFamily(
        "coverplan_webhooks_pending", "Messages to webhooks that wait to be sent.", value=census.pending_deliveries
    )


def _metrics(database: Database) -> bytes:
    shown = together(API)
    shown.register(_Queue(database))
    return generate_latest(shown)
