"""Rows that a call names: they are there, or the answer is 404; and who created them."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import RowMapping

from coverplan.api.errors import ApiError
from coverplan.payload.creator import Creator

Resource = Literal["run", "batch", "dataset", "experiment", "webhook", "key"]


def found(row: RowMapping | None, resource: Resource, name: str) -> RowMapping:
    """The row of this resource.

    Raises:
        ApiError: there is none, or it is another tenant's.
    """
    if row is None:
        raise missing(resource, name)
    return row


def missing(resource: Resource, name: str) -> ApiError:
    """The answer where there is none."""
    place = "/v1/batches" if resource == "batch" else f"/v1/{resource}s"
    return ApiError("not_found", f"There is no {resource} {name[:60]}.", suggestion=f"See {place}.")


def creator_of(row: RowMapping) -> Creator | None:
    """Who created it, where that is known."""
    return None if row["created_by"] is None else Creator.model_validate(row["created_by"])
