"""What an experiment came to, in the form that its caller likes."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from sqlalchemy import RowMapping
from starlette.responses import Response

from coverplan.api.errors import ApiError
from coverplan.api.media import CSV, HTML, JSON, PARQUET
from coverplan.jobs.comparison import Desk, compared
from coverplan.jobs.shelf import Shelf
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.stored import StoredExperiment
from coverplan.process.pool import SolverPool
from coverplan.store import cells, experiments
from coverplan.store.store import Store

FORMATS = {"json": JSON, "csv": CSV, "parquet": PARQUET, "html": HTML}
_SUFFIXES = {CSV: "csv", PARQUET: "parquet"}
_ENDED = ("completed", "failed", "cancelled")
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""Of a page that holds all that it shows."""


async def results_of(store: Store, pool: SolverPool, row: RowMapping, *, partial: bool) -> bytes:
    """The results document; `partial`: or what there is so far.

    Raises:
        ApiError: there are no results yet.
        ProcessError: there is no comparison of what there is.
    """
    if row["job_status"] == experiments.COMPLETED:
        return await store.blobs.get(row["results_path"])
    if partial:
        return await _so_far(store, pool, row)
    if row["job_status"] == experiments.FAILED:
        message = "It could not be compared: its error says why."
        raise ApiError("experiment_without_results", message, suggestion="Resume it, or ask with ?partial=true.")
    stopped = row["job_status"] == experiments.CANCELLED
    raise ApiError(
        "experiment_not_ended",
        "It was stopped." if stopped else "Some of its cells have not ended.",
        suggestion=f"{'Resume' if stopped else 'Wait for'} it, or ask for what there is with ?partial=true.",
    )


async def answer(row: RowMapping, results: bytes, media_type: str) -> Response:
    """The results as JSON, a table of the rows, or a page."""
    if media_type == JSON:
        return Response(results, media_type=JSON)
    content = await asyncio.to_thread(_written, results, media_type)
    if media_type == HTML:
        return Response(content, media_type=media_type, headers={"Content-Security-Policy": _PAGE_POLICY})
    named = f'attachment; filename="{row["id"]}.{_SUFFIXES[media_type]}"'
    return Response(content, media_type=media_type, headers={"Content-Disposition": named})


async def _so_far(store: Store, pool: SolverPool, row: RowMapping) -> bytes:
    """A comparison of the cells that have ended."""
    stored = StoredExperiment.model_validate_json(await store.blobs.get(row["request_path"]))
    known = await store.database.reading(lambda c: cells.every(c, row["id"]))
    ended = [one for one in known if one["job_status"] in _ENDED]
    if not ended:
        raise ApiError("experiment_not_ended", "No cell has ended.", suggestion="Ask again in a moment.")
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="experiment-", dir=pool.folder))
    try:
        return await compared(Desk(store, Shelf(store.blobs, folder), pool), row, stored, ended)
    finally:
        pool.discard(folder)


def _written(results: bytes, media_type: str) -> bytes:
    found = ExperimentResults.model_validate_json(results)
    if media_type == HTML:
        from coverplan.report.experiment import experiment_page  # noqa: PLC0415 - the charts take a second to import

        return experiment_page(found).encode()
    from coverplan.tables.experiments import experiment_csv, experiment_parquet  # noqa: PLC0415 - so does polars

    return (experiment_csv if media_type == CSV else experiment_parquet)(found)
