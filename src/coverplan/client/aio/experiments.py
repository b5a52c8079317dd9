"""Experiments: submit, follow, compare."""

from __future__ import annotations

import io
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from coverplan.client.aio.pace import aside, sleep
from coverplan.client.aio.transport import Transport
from coverplan.client.patience import pauses
from coverplan.client.requests import Document, fields_of
from coverplan.payload.experiments.extension import ExperimentExtension
from coverplan.payload.experiments.request import ExperimentRequest
from coverplan.payload.experiments.results import ExperimentResults
from coverplan.payload.experiments.state import ExperimentCell, ExperimentEstimate, ExperimentState, ExperimentTicket

if TYPE_CHECKING:
    import polars as pl

_FORMATS = {".json": "json", ".csv": "csv", ".parquet": "parquet", ".html": "html"}
_LONGEST_PAUSE_S = 1.0
_OPEN = ("queued", "running")
Listener = Callable[[ExperimentState], None]


class Experiments:
    """The experiments of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def run(
        self, request: ExperimentRequest | Document, on_progress: Listener | None = None
    ) -> ExperimentResults:
        """Submit, wait, and compare."""
        ticket = await self.submit(request)
        await self.wait(ticket.experiment_id, on_progress)
        return await self.results(ticket.experiment_id)

    async def estimate(self, request: ExperimentRequest | Document) -> ExperimentEstimate:
        """What an experiment comes to; nothing is solved."""
        return await self._transport.post("/v1/experiments/estimate", ExperimentEstimate, fields_of(request))

    async def submit(self, request: ExperimentRequest | Document, *, key: str | None = None) -> ExperimentTicket:
        """Queue an experiment. Under the same `key` the same one is answered; by default a new one."""
        body = fields_of(request)
        return await self._transport.post("/v1/experiments", ExperimentTicket, body, key or uuid.uuid4().hex)

    async def get(self, experiment_id: str) -> ExperimentState:
        """How far an experiment is."""
        return await self._transport.get(f"/v1/experiments/{experiment_id}", ExperimentState)

    def list(self) -> AsyncIterator[ExperimentState]:
        """Experiments, newest first; further pages are asked for as they are needed."""
        return self._transport.pages("/v1/experiments", ExperimentState)

    def cells(self, experiment_id: str) -> AsyncIterator[ExperimentCell]:
        """The solves of an experiment; the plan of each is that of its run."""
        return self._transport.pages(f"/v1/experiments/{experiment_id}/cells", ExperimentCell)

    async def wait(self, experiment_id: str, on_progress: Listener | None = None) -> ExperimentState:
        """The state of an experiment once it has ended; `on_progress` hears it now and then."""
        for pause in pauses(_LONGEST_PAUSE_S):
            state = await self.get(experiment_id)
            if on_progress is not None:
                on_progress(state)
            if state.job_status not in _OPEN:
                break
            await sleep(pause)
        return state

    async def results(self, experiment_id: str, *, partial: bool = False) -> ExperimentResults:
        """The comparison; `partial`: or what there is so far."""
        place = f"/v1/experiments/{experiment_id}/results"
        return await self._transport.get(place, ExperimentResults, format="json", partial=partial or None)

    async def table(self, experiment_id: str, *, partial: bool = False) -> pl.DataFrame:
        """The rows of the comparison: one per problem, policy and seed."""
        import polars  # noqa: PLC0415, ICN001 - for those who ask for tables

        parameters = {"format": "parquet"} | ({"partial": True} if partial else {})
        answer = await self._transport.send("GET", f"/v1/experiments/{experiment_id}/results", params=parameters)
        return await aside(polars.read_parquet, io.BytesIO(answer.content))

    async def download(self, experiment_id: str, path: Path, *, partial: bool = False) -> None:
        """Write the results to a file as its suffix says: `.json`, `.csv`, `.parquet` or `.html`."""
        place = f"/v1/experiments/{experiment_id}/results"
        await self._transport.download(place, path, format=_FORMATS[path.suffix], partial=partial or None)

    async def stop(self, experiment_id: str) -> ExperimentState:
        """Cancel the cells that have not ended; it can be resumed."""
        return await self._transport.post(f"/v1/experiments/{experiment_id}/stop", ExperimentState)

    async def resume(self, experiment_id: str) -> ExperimentState:
        """Solve what was cancelled or has failed."""
        return await self._transport.post(f"/v1/experiments/{experiment_id}/resume", ExperimentState)

    async def extend(
        self, experiment_id: str, extension: ExperimentExtension | Document, *, key: str | None = None
    ) -> ExperimentTicket:
        """Add problems, policies, seeds or points; what was solved stays solved."""
        body, place = fields_of(extension), f"/v1/experiments/{experiment_id}/extend"
        return await self._transport.post(place, ExperimentTicket, body, key or uuid.uuid4().hex)

    async def delete(self, experiment_id: str) -> None:
        """Stop and erase an experiment with its runs."""
        await self._transport.send("DELETE", f"/v1/experiments/{experiment_id}")
