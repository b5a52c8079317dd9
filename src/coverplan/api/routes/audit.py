"""The audit log of a tenant, for those who administer it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from coverplan.api.errors import error_responses
from coverplan.api.filters import Dated, Label
from coverplan.api.guard.auth import Operator
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import AuditCursor, Limit, Page
from coverplan.api.state import Stored
from coverplan.payload.audit import Action, AuditLine
from coverplan.payload.times import moment
from coverplan.store import audit

router = APIRouter(prefix="/v1/audit", tags=["keys"])


@router.get("", summary="Read the audit log", responses=error_responses(422, 503), dependencies=[accepts(JSON)])
async def read_audit(
    caller: Operator,
    store: Stored,
    which: Dated,
    limit: Limit = 50,
    cursor: AuditCursor = None,
    action: Annotated[Action | None, Query(description="Lines of this only.")] = None,
    resource: Label = None,
    key_id: Label = None,
    request_id: Label = None,
) -> Page[AuditLine]:
    """What was written and destroyed in the caller's tenant, newest first: by which key, when, and in which request.

    Every line is written together with what it tells. A batch or an experiment is one line, however many runs it has;
    what is removed when its time is over is in none.
    """
    equal = {"action": action, "resource": resource, "key_id": key_id, "request_id": request_id}
    rows = await store.database.reading(lambda c: audit.page(c, caller.tenant, limit + 1, cursor, which, equal))
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    items = [AuditLine(**{**row, "created_at": moment(row["created_at"])}) for row in rows[:limit]]
    return Page[AuditLine](items=items, next_cursor=more)
