# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Batches: an iterator of requests in, an iterator of results out; neither is held in memory."""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from coverplan.client.answers import line_error, parsed
from coverplan.client.errors import ConnectionFailedError, UnavailableError
from coverplan.client.patience import pauses
from coverplan.client.requests import LINES_HEADERS, Document, given, write_lines
from coverplan.client.sync.pace import aside, sleep
from coverplan.client.sync.transport import Transport, pieces, successful
from coverplan.payload.batches import BatchResult, BatchState, BatchTicket
from coverplan.payload.runs import RunRequest

_LONGEST_PAUSE_S = 2.0


class Batches:
    """The batches of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def run(
        self,
        requests: Iterable[RunRequest | Document],
        *,
        name: str | None = None,
        on_progress: Callable[[BatchState], None] | None = None,
    ) -> Iterator[BatchResult]:
        """Submit, wait, and download: one result per request, in their order."""
        batch = self.submit(requests, name=name)
        self.wait(batch.batch_id, on_progress)
        return self.results(batch.batch_id)

    def submit(
        self, requests: Iterable[RunRequest | Document], *, name: str | None = None, key: str | None = None
    ) -> BatchState:
        """Queue a run per request. Wrong ones are refused each by itself: `tickets` and `results` say why.

        The requests go through a temporary file, so that a call that is cut off can be made again: under its `key` the
        service takes in what it has not yet.
        """
        key = key or uuid.uuid4().hex
        with tempfile.TemporaryFile() as file:
            aside(write_lines, requests, file)

            def attempt() -> str:
                return self._send(file, name, key)

            batch_id = self._transport.patiently(attempt)
        return self.get(batch_id)

    def get(self, batch_id: str) -> BatchState:
        """How far a batch is."""
        return self._transport.get(f"/v1/batches/{batch_id}", BatchState)

    def list(self) -> Iterator[BatchState]:
        """Batches, newest first; further pages are asked for as they are needed."""
        return self._transport.pages("/v1/batches", BatchState)

    def wait(self, batch_id: str, on_progress: Callable[[BatchState], None] | None = None) -> BatchState:
        """The state of a batch once all its runs have ended; `on_progress` hears it now and then."""
        for pause in pauses(_LONGEST_PAUSE_S):
            state = self.get(batch_id)
            if on_progress is not None:
                on_progress(state)
            if state.closed and not state.runs.queued and not state.runs.running:
                break
            sleep(pause)
        return state

    def tickets(self, batch_id: str) -> Iterator[BatchTicket]:
        """The run or the error of each line that was taken."""
        for line in self._lines(f"/v1/batches/{batch_id}/tickets", {}):
            yield parsed(BatchTicket, line)

    def results(
        self, batch_id: str, *, only: Literal["completed", "failed", "cancelled"] | None = None, partial: bool = False
    ) -> Iterator[BatchResult]:
        """The plan or the error of each line, in their order, read as they are asked for."""
        wanted = {"only": only, "partial": partial or None}
        for line in self._lines(f"/v1/batches/{batch_id}/results", wanted):
            yield parsed(BatchResult, line)

    def download(self, batch_id: str, path: Path) -> None:
        """Write all results to a file: the seats of all plans to `.csv` or `.parquet`, else a document a line."""
        form = path.suffix[1:] if path.suffix in (".csv", ".parquet") else "ndjson"
        self._transport.download(f"/v1/batches/{batch_id}/results", path, format=form)

    def cancel(self, batch_id: str) -> BatchState:
        """Stop all runs that have not ended."""
        return self._transport.post(f"/v1/batches/{batch_id}/cancel", BatchState)

    def delete(self, batch_id: str) -> None:
        """Cancel and erase a batch with all its runs."""
        self._transport.send("DELETE", f"/v1/batches/{batch_id}")

    def _send(self, file: IO[bytes], name: str | None, key: str) -> str:
        """Send the lines and read their tickets, which nobody keeps; the id of the batch."""
        file.seek(0)
        headers = {**LINES_HEADERS, "Idempotency-Key": key}
        call = self._transport.http.stream(
            "POST", "/v1/batches", content=pieces(file), headers=headers, params=given({"name": name})
        )
        with call as answer:
            for line in (successful(answer)).iter_lines():
                ticket = parsed(BatchTicket, line)
                if ticket.line is None and ticket.error is not None:
                    raise line_error(ticket.error)
            batch_id: str = answer.headers["Coverplan-Batch-Id"]
        return batch_id

    def _lines(self, path: str, parameters: dict[str, Any]) -> Iterator[str]:
        """Lines of a download; a lost connection is taken up after the last one."""
        after, patience = 0, self._transport.patience()
        while True:
            try:
                with self._transport.stream(path, after=after or None, **parameters) as answer:
                    for line in answer.iter_lines():
                        after = json.loads(line)["line"]
                        patience.renew()
                        yield line
                    return
            except (UnavailableError, ConnectionFailedError) as error:
                sleep(patience.pause_s(error))
