"""Policies by name: stored once, used by many runs; versions never change."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Connection, RowMapping

from coverplan.api.body import Parsed, body_of
from coverplan.api.edge.caching import UNCHANGED, Keeping
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Named
from coverplan.api.guard.auth import Reader, Writer
from coverplan.api.guard.quotas import Admitting
from coverplan.api.idempotency import ONCE, Created, Once
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, Cursor, Limit, Mark, Page, mark_of, marked
from coverplan.api.state import Stored
from coverplan.payload.hashing import policy_hash
from coverplan.payload.issues import IssueReport
from coverplan.payload.policies import MAX_VERSION, PolicyDiff, PolicyId, PolicyRequest, PolicyVersion, StoredPolicy
from coverplan.payload.policy import Policy
from coverplan.payload.policy_checks import check_alone
from coverplan.payload.policy_diff import policy_diff
from coverplan.store import audit, policies
from coverplan.store.sizes import size_of
from coverplan.store.store import Store

router = APIRouter(prefix="/v1/policies", tags=["policies"], dependencies=[accepts(JSON)])

_LOCATED = located(
    name="$response.body#/name", version="$response.body#/version", **{"from": "$response.body#/version"}
)
Name = Annotated[PolicyId, Path(description="Name of the policy.")]
Number = Annotated[int, Path(ge=1, le=MAX_VERSION, description="Number of the version, from 1.")]


@router.post(
    "",
    status_code=201,
    summary="Store a policy",
    response_model=StoredPolicy,
    responses={
        200: {
            "model": StoredPolicy,
            "description": "The latest version says the same: nothing was stored.",
            **_LOCATED,
        },
        201: _LOCATED,
        **error_responses(*ONCE, 408, 413, 415, 503),
    },
    openapi_extra=body_of(PolicyRequest, policy="A policy under a name"),
)
async def store_policy(body: Parsed[PolicyRequest], caller: Writer, admission: Admitting, once: Once) -> Response:
    """Add a version; the policy of the latest version, sent again, answers with that version."""
    issues = IssueReport()
    check_alone(issues, body.policy, "/policy")
    issues.raise_errors()
    given = body.policy.model_dump(mode="json", exclude_unset=True)
    digest = policy_hash(body.policy)
    answer_bytes = len(body.policy.model_dump_json()) if once.is_kept else 0
    await admission.admit(caller, size=size_of(body.name, given) + answer_bytes)

    def create(connection: Connection) -> Created:
        row, new = policies.save(connection, caller.tenant, body.name, given, digest)
        if new:
            audit.add(connection, caller.by, "policy.store", f"{row['name']}, version {row['version']}")
        path = f"/v1/policies/{quote(row['name'])}/versions/{row['version']}"
        return Created(_stored(row), 201 if new else 200, path)

    return await once.create(create)


@router.get("", summary="List the policies", responses=error_responses(422, 503))
async def list_policies(
    caller: Reader, store: Stored, which: Named, limit: Limit = MAX_ITEMS, cursor: Mark = None
) -> Page[PolicyVersion]:
    """The latest version of every policy, by name; it is that one's time that `created_from` and `created_to` mean."""
    after = None if cursor is None else marked(cursor)
    rows = await store.database.reading(lambda c: policies.latest(c, caller.tenant, limit + 1, after, which))
    more = mark_of(rows[limit - 1]["name"]) if len(rows) > limit else None
    return Page[PolicyVersion](items=[_version(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{name}", summary="List the versions of a policy", responses=error_responses(404, 422, 503))
async def list_policy_versions(
    name: Name, caller: Reader, store: Stored, limit: Limit = MAX_ITEMS, cursor: Cursor = None
) -> Page[PolicyVersion]:
    """All versions, newest first."""
    before = None if cursor is None else int(cursor)
    rows = await store.database.reading(lambda c: policies.versions(c, caller.tenant, name, limit + 1, before))
    if not rows and before is None:
        raise _missing(name)
    more = str(rows[limit - 1]["version"]) if len(rows) > limit else None
    return Page[PolicyVersion](items=[_version(row) for row in rows[:limit]], next_cursor=more)


@router.get(
    "/{name}/versions/{version}",
    summary="Get a version",
    responses={**UNCHANGED, **error_responses(404, 422, 503)},
)
async def get_policy(
    name: Name, version: Number, caller: Reader, store: Stored, response: Response, kept: Keeping
) -> StoredPolicy:
    """One version, as it was stored; it never changes."""
    row = await _found(store, caller.tenant, name, version)
    response.headers.update(kept.headers(*_identity(row)))
    return _stored(row)


@router.get(
    "/{name}/diff",
    summary="Compare two versions",
    responses={**UNCHANGED, **error_responses(404, 422, 503)},
)
async def compare_policies(
    name: Name,
    caller: Reader,
    store: Stored,
    response: Response,
    kept: Keeping,
    before: Annotated[int, Query(alias="from", ge=1, le=MAX_VERSION, description="Version to compare from.")],
    after: Annotated[
        int | None, Query(alias="to", ge=1, le=MAX_VERSION, description="Version to compare to; absent: the latest.")
    ] = None,
) -> PolicyDiff:
    """Rules that were added, removed or changed, and every other field that changed; defaults are written out."""
    one = await _found(store, caller.tenant, name, before)
    other = await _found(store, caller.tenant, name, after)
    response.headers.update(kept.headers(*_identity(one), *_identity(other)))
    return policy_diff(name, (one["version"], policy_of(one)), (other["version"], policy_of(other)))


@router.delete("/{name}", status_code=204, summary="Delete a policy", responses=error_responses(404, 422, 503))
async def delete_policy(name: Name, caller: Writer, store: Stored) -> None:
    """All its versions; runs and experiments keep what they were given. The numbers of its versions go on."""

    def delete(connection: Connection) -> bool:
        removed = policies.remove(connection, caller.tenant, name)
        if removed:
            audit.add(connection, caller.by, "policy.delete", name)
        return removed

    if not await store.database.writing(delete):
        raise _missing(name)


def policy_of(row: RowMapping) -> Policy:
    """The policy of a stored version."""
    return Policy.model_validate_json(json.dumps(row["document"]))


def _identity(row: RowMapping) -> tuple[object, ...]:
    """What no other version has."""
    return row["tenant"], row["name"], row["version"], row["content_hash"], row["created_at"]


async def _found(store: Store, tenant: str, name: str, version: int | None) -> RowMapping:
    row = await store.database.reading(lambda c: policies.document(c, tenant, name, version))
    if row is None:
        raise _missing(name if version is None else f"{name}, version {version}")
    return row


def _missing(what: str) -> ApiError:
    return ApiError("not_found", f"There is no policy {what}.")


def _version(row: RowMapping) -> PolicyVersion:
    return PolicyVersion(
        name=row["name"],
        version=row["version"],
        policy_hash=row["content_hash"],
        created_at=dt.datetime.fromtimestamp(row["created_at"], dt.UTC),
    )


def _stored(row: RowMapping) -> StoredPolicy:
    return StoredPolicy(policy=policy_of(row), **dict(_version(row)))
