"""Datasets over HTTP: a problem document sent as tables of any format."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from support.service import wait_for
from support.tables import TABLES, write_csv_book, write_parquet_book

MEDIA = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "arrow": "application/vnd.apache.arrow.file",
    "arrow_stream": "application/vnd.apache.arrow.stream",
}
PATIENCE_S = 60.0


def head_of(problem: dict[str, Any]) -> dict[str, Any]:
    """The problem without its tables."""
    return {name: value for name, value in problem.items() if name not in TABLES}


def bodies(problem: dict[str, Any], form: str, folder: Path) -> dict[str, bytes]:
    """The tables of a problem in a format."""
    if form == "ndjson":
        rows = {name: problem[name] for name in TABLES if problem.get(name)}
        return {name: "".join(json.dumps(row) + "\n" for row in held).encode() for name, held in rows.items()}
    if form == "csv":
        write_csv_book(problem, folder)
        return {file.stem: file.read_bytes() for file in folder.glob("*.csv")}
    write_parquet_book(problem, folder)
    files = {file.stem: file.read_bytes() for file in folder.glob("*.parquet")}
    return files if form == "parquet" else {name: as_arrow(data, form) for name, data in files.items()}


def as_arrow(data: bytes, form: str) -> bytes:
    """A Parquet file as Arrow."""
    frame, out = pl.read_parquet(data), io.BytesIO()
    if form == "arrow":
        frame.write_ipc(out)
    else:
        frame.write_ipc_stream(out)
    return out.getvalue()


def begin(client: httpx.Client, **body: Any) -> str:
    """The id of a new dataset."""
    response = client.post("/v1/datasets", json=body)
    assert response.status_code == 201, response.text
    return str(response.json()["dataset_id"])


def put(
    client: httpx.Client, dataset_id: str, table: str, form: str, data: bytes, *, packed: bool = False
) -> httpx.Response:
    """Send a table."""
    headers = {"Content-Type": MEDIA[form], **({"Content-Encoding": "gzip"} if packed else {})}
    content = gzip.compress(data) if packed else data
    return client.put(f"/v1/datasets/{dataset_id}/tables/{table}", content=content, headers=headers)


def send(client: httpx.Client, tables: dict[str, bytes], form: str, *, packed: bool = False, **body: Any) -> Any:
    """A dataset of these tables, committed."""
    dataset_id = begin(client, **body)
    for name, data in tables.items():
        response = put(client, dataset_id, name, form, data, packed=packed)
        assert response.status_code == 200, response.text
    return client.post(f"/v1/datasets/{dataset_id}/commit").json()


def ended(client: httpx.Client, dataset_id: str) -> Any:
    """The dataset once its check has ended."""
    state: Any = None

    def done() -> bool:
        nonlocal state
        state = client.get(f"/v1/datasets/{dataset_id}").json()
        return state["job_status"] in ("completed", "failed")

    assert wait_for(done, PATIENCE_S), state
    return state
