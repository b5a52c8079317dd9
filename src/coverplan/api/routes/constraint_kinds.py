"""The constraint catalogue."""

from __future__ import annotations

import inspect
from functools import cache

from fastapi import APIRouter, Response

from coverplan.api.edge.caching import PUBLIC, UNCHANGED, Keeping
from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, Cursor, Limit, Page
from coverplan.constraints import CATALOGUE
from coverplan.payload.service import ConstraintKind

router = APIRouter(prefix="/v1/constraint-kinds", tags=["the service"])


@router.get(
    "",
    summary="List the constraint kinds",
    responses={**UNCHANGED, **error_responses(422)},
    dependencies=[accepts(JSON)],
)
async def list_constraint_kinds(
    response: Response, kept: Keeping, limit: Limit = MAX_ITEMS, cursor: Cursor = None
) -> Page[ConstraintKind]:
    """The kinds of constraints, each with its parameters, in the order of the documentation."""
    page = Page[ConstraintKind].of(constraint_kinds(), limit, cursor)
    response.headers.update(kept.headers(page.model_dump_json(), rule=PUBLIC))
    return page


@cache
def constraint_kinds() -> tuple[ConstraintKind, ...]:
    """The catalogue as documents."""
    return tuple(
        ConstraintKind(kind=name, doc=inspect.getdoc(kind) or "", unit=kind.unit, parameters=kind.model_json_schema())
        for name, kind in CATALOGUE.items()
    )
