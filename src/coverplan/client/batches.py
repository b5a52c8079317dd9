"""Batches: an iterator of requests in, an iterator of results out; neither is held in memory."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

from coverplan.client.errors import ConnectionFailedError, UnavailableError
from coverplan.client.transport import AS_JSON, Document, Transport, given, line_error, successful
from coverplan.payload.batches import BatchResult, BatchState, BatchTicket
from coverplan.payload.leniency import read_answer
from coverplan.payload.runs import RunRequest

_PIECE = 1 << 16
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_HEADERS = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip", "Accept-Encoding": "identity"}


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
            _write(requests, file)
            batch_id = self._transport.patiently(lambda: self._send(file, name, key))
        return self.get(batch_id)

    def get(self, batch_id: str) -> BatchState:
        """How far a batch is."""
        return self._transport.get(f"/v1/batches/{batch_id}", BatchState)

    def list(self) -> Iterator[BatchState]:
        """Batches, newest first; further pages are asked for as they are needed."""
        return self._transport.pages("/v1/batches", BatchState)

    def wait(self, batch_id: str, on_progress: Callable[[BatchState], None] | None = None) -> BatchState:
        """The state of a batch once all its runs have ended; `on_progress` hears it now and then."""
        pause = _FIRST_PAUSE_S
        while True:
            state = self.get(batch_id)
            if on_progress is not None:
                on_progress(state)
            if state.closed and not state.runs.queued and not state.runs.running:
                return state
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE_S)

    def tickets(self, batch_id: str) -> Iterator[BatchTicket]:
        """The run or the error of each line that was taken."""
        for line in self._lines(f"/v1/batches/{batch_id}/tickets", {}):
            yield read_answer(BatchTicket, line)

    def results(
        self, batch_id: str, *, only: Literal["completed", "failed"] | None = None, partial: bool = False
    ) -> Iterator[BatchResult]:
        """The plan or the error of each line, in their order, read as they are asked for."""
        for line in self._lines(f"/v1/batches/{batch_id}/results", {"only": only, "partial": partial or None}):
            yield read_answer(BatchResult, line)

    def download(self, batch_id: str, path: Path) -> None:
        """Write all results to a file: the seats of all plans to `.csv` or `.parquet`, else a document a line."""
        form = path.suffix[1:] if path.suffix in (".csv", ".parquet") else "ndjson"
        with self._transport.stream(f"/v1/batches/{batch_id}/results", format=form) as answer, path.open("wb") as file:
            for piece in answer.iter_bytes():
                file.write(piece)

    def cancel(self, batch_id: str) -> BatchState:
        """Stop all runs that have not ended."""
        return self._transport.post(f"/v1/batches/{batch_id}/cancel", BatchState)

    def delete(self, batch_id: str) -> None:
        """Cancel and erase a batch with all its runs."""
        self._transport.send("DELETE", f"/v1/batches/{batch_id}")

    def _send(self, file: IO[bytes], name: str | None, key: str) -> str:
        """Send the lines and read their tickets, which nobody keeps; the id of the batch."""
        file.seek(0)
        headers = {**_HEADERS, "Idempotency-Key": key}
        content = iter(lambda: file.read(_PIECE), b"")
        parameters = given({"name": name})
        with self._transport.http.stream(
            "POST", "/v1/batches", content=content, headers=headers, params=parameters
        ) as answer:
            for line in successful(answer).iter_lines():
                ticket = read_answer(BatchTicket, line)
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
                patience.spend(error)


def _write(requests: Iterable[RunRequest | Document], file: IO[bytes]) -> None:
    with gzip.open(file, "wb", compresslevel=3) as packed:
        for request in requests:
            packed.write(AS_JSON.dump_json(request, exclude_none=True) + b"\n")
