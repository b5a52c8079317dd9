# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Datasets: upload once, solve many times."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coverplan.client.answers import parsed
from coverplan.client.patience import pauses
from coverplan.client.requests import Document, fields_of
from coverplan.client.sync.pace import aside, sleep
from coverplan.client.sync.transport import Transport, pieces, successful
from coverplan.payload.dataset_patch import DatasetPatch
from coverplan.payload.datasets import DatasetState, DatasetSummary, TableName, TableState

if TYPE_CHECKING:
    import polars as pl

_MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".arrow": "application/vnd.apache.arrow.file",
}
_LONGEST_PAUSE_S = 2.0
_OPEN = ("queued", "running")


class Datasets:
    """The datasets of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(
        self,
        tables: Mapping[TableName, Path | pl.DataFrame],
        *,
        problem: Document | None = None,
        name: str | None = None,
    ) -> DatasetState:
        """Create a dataset of these tables, files or polars frames, and wait for its check: `valid` and `report`.

        `problem` has what is no table: horizon, currency, segments.
        """
        dataset_id = (self.create(problem=problem, name=name)).dataset_id
        for table, content in tables.items():
            self.put_table(dataset_id, table, content)
        return self.wait((self.commit(dataset_id)).dataset_id)

    def create(self, *, problem: Document | None = None, name: str | None = None) -> DatasetState:
        """Begin a dataset, which takes tables until it is committed."""
        body = {"problem": problem, "name": name}
        return self._transport.post("/v1/datasets", DatasetState, body, uuid.uuid4().hex)

    def put_table(self, dataset_id: str, table: TableName, content: Path | pl.DataFrame) -> TableState:
        """Send a table, a file by its suffix (`.parquet`, `.csv`, `.ndjson`, `.arrow`) or a polars frame."""
        suffix = content.suffix if isinstance(content, Path) else ".parquet"

        def attempt() -> TableState:
            with content.open("rb") if isinstance(content, Path) else aside(_parquet, content) as file:
                answer = self._transport.http.put(
                    f"/v1/datasets/{dataset_id}/tables/{table}",
                    content=pieces(file),
                    headers={"Content-Type": _MEDIA_TYPES[suffix]},
                )
            return parsed(TableState, (successful(answer)).content)

        return self._transport.patiently(attempt)

    def commit(self, dataset_id: str) -> DatasetState:
        """It changes no more, and is checked; made again, the call answers with the same dataset."""
        return self._transport.post(f"/v1/datasets/{dataset_id}/commit", DatasetState)

    def patch(self, dataset_id: str, patch: DatasetPatch | Document) -> DatasetState:
        """A new dataset with some accounts or reps added, changed or removed; its check follows."""
        place = f"/v1/datasets/{dataset_id}/patch"
        return self._transport.post(place, DatasetState, fields_of(patch), uuid.uuid4().hex)

    def get(self, dataset_id: str) -> DatasetState:
        """How far a dataset is, and what is wrong with it."""
        return self._transport.get(f"/v1/datasets/{dataset_id}", DatasetState)

    def wait(self, dataset_id: str) -> DatasetState:
        """The state of a dataset once it has been checked."""
        for pause in pauses(_LONGEST_PAUSE_S):
            state = self.get(dataset_id)
            if state.job_status not in _OPEN:
                break
            sleep(pause)
        return state

    def list(self) -> Iterator[DatasetSummary]:
        """Datasets, newest first."""
        return self._transport.pages("/v1/datasets", DatasetSummary)

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset that no open run needs."""
        self._transport.send("DELETE", f"/v1/datasets/{dataset_id}")


def _parquet(frame: pl.DataFrame) -> io.BytesIO:
    file = io.BytesIO()
    frame.write_parquet(file)
    file.seek(0)
    return file
