"""Rows of datasets as documents."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import RowMapping

from coverplan.api.rows import creator_of
from coverplan.payload.dataset_patch import DatasetPatch
from coverplan.payload.datasets import CheckReport, DatasetState, DatasetSummary, TableState
from coverplan.payload.times import maybe_moment
from coverplan.store import datasets
from coverplan.store.datasets import hash_of

_SAME = (
    "name",
    "valid",
    "total_errors",
    "parent_id",
    "bytes",
    "content_hash",
    "problem_hash",
    "request_id",
)
_TIMES = ("created_at", "ended_at", "expires_at")


def summary_of(row: RowMapping) -> DatasetSummary:
    """The dataset as lists show it."""
    return DatasetSummary(**_facts(row))


def state_of(row: RowMapping) -> DatasetState:
    """The dataset as its callers see it."""
    report = None if row["report"] is None else CheckReport.model_validate_json(json.dumps(row["report"]))
    return DatasetState(**_facts(row), report=report)


def table_of(name: Any, table: dict[str, Any]) -> TableState:
    """A table of a dataset."""
    return TableState(table=name, format=table["format"], bytes=table["bytes"], rows=table.get("rows"))


def patch_hash(parent: RowMapping, patch: DatasetPatch) -> str:
    """Hash of what a patched dataset holds."""
    changes = patch.model_dump(mode="json", exclude_unset=True, exclude={"name"})
    return hash_of({"parent": parent["content_hash"], "patch": changes})


def _facts(row: RowMapping) -> dict[str, Any]:
    tables = [table_of(name, table) for name, table in sorted(row["tables"].items())]
    times = {name: maybe_moment(row[name]) for name in _TIMES}
    known = {"dataset_id": row["id"], "job_status": datasets.status_of(row), "created_by": creator_of(row)}
    known["table_uris"] = None if row["sources"] is None else row["sources"]["uris"]
    return {**known, "tables": tables, **{name: row[name] for name in _SAME}, **times}
