"""Datasets: upload once, solve many times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.datasets.states import patch_hash, state_of, summary_of, table_of
from coverplan.api.datasets.uploads import MEDIA_TYPES, Upload
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Named
from coverplan.api.guard.auth import Reader, Writer
from coverplan.api.guard.quotas import Admitting
from coverplan.api.idempotency import ONCE, Created, Creation, once_telling
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.outside import check_place
from coverplan.api.paging import DatasetCursor, Limit, Page
from coverplan.api.provenance import Asked
from coverplan.api.reference.media import file_of
from coverplan.api.rows import found, missing
from coverplan.api.state import Configured, Stored
from coverplan.payload.dataset_patch import DatasetPatch, check_patch
from coverplan.payload.datasets import (
    SUFFIXES,
    DatasetRequest,
    DatasetState,
    DatasetStatus,
    DatasetSummary,
    TableName,
    TableState,
    format_of,
)
from coverplan.payload.issues import IssueReport
from coverplan.settings import Settings
from coverplan.store import audit, datasets, paths
from coverplan.store.ids import new_id
from coverplan.store.sizes import size_of
from coverplan.store.store import Store

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

UNCOMMITTED_S = 86400.0
"""How long after its last table an open dataset is kept."""
Table = Annotated[TableName, Path(description="Which table.")]
DatasetId = Annotated[str, Path(pattern="^[A-Za-z0-9-]{1,40}$", description="Id of the dataset.")]
_LOCATED = located(dataset_id="$response.body#/dataset_id")
_SAME = {
    "model": DatasetState,
    "description": "Another dataset of the same content has been checked: this one shares its tables and its report.",
    **_LOCATED,
}
_TABLE = {
    "requestBody": {
        "required": True,
        "content": {
            media: content for name in MEDIA_TYPES for media, content in file_of(name, "The whole table.").items()
        },
    }
}


def _now(connection: Connection, tenant: str, told: Mapping[str, Any]) -> DatasetState | None:
    row = datasets.get(connection, tenant, told["dataset_id"])
    return None if row is None else state_of(row)


Once = Annotated[Creation, once_telling(_now)]


@router.post(
    "",
    status_code=201,
    summary="Begin a dataset",
    response_model=DatasetState,
    responses={201: _LOCATED, **error_responses(*ONCE, 408, 413, 415, 503)},
    openapi_extra=body_of(
        DatasetRequest,
        dataset="A dataset in euros with a coverage model",
        dataset_uris="A dataset whose tables are fetched from a store",
    ),
    dependencies=[accepts(JSON)],
)
async def create_dataset(
    body: Parsed[DatasetRequest],
    caller: Writer,
    settings: Configured,
    asked: Asked,
    admission: Admitting,
    once: Once,
) -> Response:
    """It takes tables until it is committed; left alone for a day before that, it is deleted.

    With `table_uris` a worker fetches the tables, and it is committed already.
    """
    uris = body.table_uris
    _check_uris(uris or {}, caller.tenant, settings)
    head = body.problem.model_dump(mode="json", exclude_unset=True)
    await admission.admit(caller, size=size_of(head, uris))
    facts = {
        "id": new_id("ds"),
        "tenant": caller.tenant,
        "name": body.name,
        "job_status": datasets.OPEN,
        "head": head,
        "expires_at": time.time() + UNCOMMITTED_S if uris is None else None,
        "sources": None if uris is None else {"uris": uris, "stored_bytes": caller.stored_bytes},
        "fetching": None if uris is None else True,
        **asked.columns,
    }

    def create(connection: Connection) -> Created:
        row = datasets.add(connection, facts)
        audit.add(connection, caller.by, "dataset.create", row["id"])
        return _created(row, 201)

    return await once.create(create)


@router.get("", summary="List datasets", responses=error_responses(422, 503), dependencies=[accepts(JSON)])
async def list_datasets(
    caller: Reader,
    store: Stored,
    which: Named,
    limit: Limit = 50,
    cursor: DatasetCursor = None,
    status: Annotated[DatasetStatus | None, Query(description="Datasets that are that far only.")] = None,
) -> Page[DatasetSummary]:
    """Datasets of the caller, newest first, without their issues."""
    rows = await store.database.reading(lambda c: datasets.page(c, caller.tenant, limit + 1, cursor, which, status))
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return Page[DatasetSummary](items=[summary_of(row) for row in rows[:limit]], next_cursor=more)


@router.get(
    "/{dataset_id}",
    summary="Show a dataset",
    responses=error_responses(404, 422, 503),
    dependencies=[accepts(JSON)],
)
async def show_dataset(dataset_id: DatasetId, caller: Reader, store: Stored) -> DatasetState:
    """How far it is, what it holds, and what is wrong with it."""
    return state_of(await _row(store, caller.tenant, dataset_id))


@router.put(
    "/{dataset_id}/tables/{table}",
    summary="Send a table",
    responses=error_responses(404, 408, 409, 413, 415, 422, 503),
    openapi_extra=_TABLE,
    dependencies=[accepts(JSON)],
)
async def put_table(
    dataset_id: DatasetId,
    table: Table,
    request: Request,
    caller: Writer,
    admission: Admitting,
    store: Stored,
    settings: Configured,
) -> TableState:
    """One table as one body: Parquet, CSV, NDJSON or Arrow by its Content-Type; sent again, it is replaced.

    Columns are the fields of the problem document; CSV has lists separated by `;`, a location as `lat` and `lon`,
    today's reps as `current_rep_id`, `current_role` and `current_since`. Text may be compressed with gzip.
    """
    row = await _row(store, caller.tenant, dataset_id)
    _check_open(row)
    upload = Upload(request, settings)
    await admission.admit(caller, size=upload.declared)
    path = paths.table(row["id"], table, SUFFIXES[upload.format])
    await store.blobs.put_stream(path, upload.pieces())
    facts = {"format": upload.format, "path": path, "bytes": upload.size, "digest": upload.digest}
    until = time.time() + UNCOMMITTED_S

    def put(connection: Connection) -> tuple[RowMapping | None, str | None]:
        kept, replaced = datasets.put_table(connection, caller.tenant, row["id"], table, facts, until)
        if kept is not None:
            audit.add(connection, caller.by, "dataset.put_table", f"{row['id']}/{table}")
        return kept, replaced

    async with store.naming(path):
        await admission.admit(caller, size=upload.size)
        kept, replaced = await store.database.writing(put)
        if kept is None:
            _check_open(await _row(store, caller.tenant, dataset_id))
    await store.blobs.drop_all([] if replaced is None else [replaced])
    return table_of(table, facts)


@router.post(
    "/{dataset_id}/commit",
    status_code=202,
    summary="Commit a dataset",
    responses={200: _SAME, 202: _LOCATED, **error_responses(404, 422, 503)},
    dependencies=[accepts(JSON)],
)
async def commit_dataset(
    dataset_id: DatasetId, response: Response, caller: Writer, asked: Asked, store: Stored
) -> DatasetState:
    """It changes no more, and a worker checks it: `GET` says when it has, and what is wrong.

    Where another dataset of the same content has been checked, this one shares its tables and is checked as well: each
    stays until it is deleted itself. Made again, the call answers with the same dataset.
    """
    row = await _row(store, caller.tenant, dataset_id)
    is_open = datasets.status_of(row) == datasets.OPEN
    if is_open and not row["tables"]:
        report = IssueReport()
        report.add("no_accounts", "/tables/accounts", suggestion="Send them as a table.")
        report.add("no_reps", "/tables/reps", suggestion="Send them as a table.")
        report.raise_errors()
    digest = datasets.content_hash(row["head"], row["tables"])

    def commit(connection: Connection) -> RowMapping | None:
        if is_open:
            audit.add(connection, caller.by, "dataset.commit", dataset_id)
        return datasets.commit(connection, caller.tenant, dataset_id, digest, asked)

    committed = await store.database.writing(commit)
    kept = found(committed, "dataset", dataset_id)
    if kept["content_of"] is not None:
        await store.blobs.discard(paths.dataset(dataset_id))
        response.status_code = 200
    response.headers["Location"] = f"/v1/datasets/{dataset_id}"
    return state_of(kept)


@router.post(
    "/{dataset_id}/patch",
    status_code=202,
    summary="Patch a dataset",
    response_model=DatasetState,
    responses={200: _SAME, 202: _LOCATED, **error_responses(*ONCE, 404, 408, 413, 415, 503)},
    openapi_extra=body_of(DatasetPatch, dataset_patch="Accounts added, changed and removed, a rep changed"),
    dependencies=[accepts(JSON)],
)
async def patch_dataset(
    dataset_id: DatasetId,
    body: Parsed[DatasetPatch],
    caller: Writer,
    asked: Asked,
    admission: Admitting,
    store: Stored,
    once: Once,
) -> Response:
    """A new dataset with some accounts or reps added, changed or removed; a worker makes and checks it.

    Ids that are not there are errors of the new one. What the same patch has made before is shared, as in a commit.
    """
    check_patch(body).raise_errors()
    parent = await _row(store, caller.tenant, dataset_id)
    if not parent["valid"]:
        raise ApiError(
            "dataset_not_ready",
            f"It is {parent['job_status']}" + (" and has errors." if parent["valid"] is False else "."),
            suggestion="Patch a dataset that is valid.",
        )
    own, digest = new_id("ds"), patch_hash(parent, body)
    data = await asyncio.to_thread(lambda: body.model_dump_json(exclude_unset=True).encode())
    await admission.admit(caller, size=len(data) + size_of(parent["head"]))
    await store.blobs.put(paths.patch(own), data)
    facts = {
        "id": own,
        "tenant": caller.tenant,
        "name": parent["name"] if body.name is None else body.name,
        "parent_id": parent["id"],
        "head": parent["head"],
        "patch_path": paths.patch(own),
        "own_bytes": len(data),
        "content_hash": digest,
        **asked.columns,
    }

    def create(connection: Connection) -> Created:
        audit.add(connection, caller.by, "dataset.patch", own)
        row = datasets.add(connection, {**facts, **datasets.queued_or_shared(connection, caller.tenant, digest)})
        return _created(row, 202 if row["content_of"] is None else 200)

    async with store.naming(paths.patch(own)):
        answer = await once.create(create)
    if answer.status_code == 200:
        await store.blobs.discard(paths.dataset(own))
    return answer


@router.delete(
    "/{dataset_id}", status_code=204, summary="Delete a dataset", responses=error_responses(404, 409, 422, 503)
)
async def delete_dataset(dataset_id: DatasetId, caller: Writer, store: Stored) -> None:
    """Not while a run or a new version that has not ended needs it; plans of it, and others of its content, stay."""

    def delete(connection: Connection) -> set[str] | None:
        if datasets.is_needed(connection, caller.tenant, dataset_id):
            raise ApiError("dataset_in_use", "A run or a patch needs it.", suggestion="Try again when it has ended.")
        unneeded = datasets.remove(connection, caller.tenant, dataset_id)
        if unneeded is not None:
            audit.add(connection, caller.by, "dataset.delete", dataset_id)
        return unneeded

    unneeded = await store.database.writing(delete)
    if unneeded is None:
        raise missing("dataset", dataset_id)
    for folder in unneeded:
        await store.blobs.discard(paths.dataset(folder))


def _created(row: RowMapping, status: int) -> Created:
    return Created(state_of(row), status, f"/v1/datasets/{row['id']}")


def _check_uris(uris: Mapping[TableName, str], tenant: str, settings: Settings) -> None:
    """Raise PayloadError for places that are none or not allowed, and names that tell no format."""
    report = IssueReport()
    for table, uri in uris.items():
        pointer = f"/table_uris/{table}"
        check_place(report, pointer, uri, settings.source_uris, tenant, "COVERPLAN_SOURCE_URIS")
        if format_of(uri) is None:
            reason = f"its format shows by none of {', '.join(f'.{suffix}' for suffix in SUFFIXES.values())}"
            report.add("invalid_uri", pointer, value=uri, reason=reason)
    report.raise_errors()


def _check_open(row: RowMapping) -> None:
    status = datasets.status_of(row)
    if status != datasets.OPEN:
        raise ApiError(
            "dataset_not_open",
            f"It was committed and is {status}.",
            suggestion="Patch it, or begin another one.",
        )


async def _row(store: Store, tenant: str, dataset_id: str) -> RowMapping:
    return found(await store.database.reading(lambda c: datasets.get(c, tenant, dataset_id)), "dataset", dataset_id)
