"""The service's description of itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from coverplan.api.edge.caching import PUBLIC, Keeping
from coverplan.api.edge.proxies import root_path_of
from coverplan.api.errors import error_responses
from coverplan.api.media import JSON, accepts

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json", responses=error_responses(), dependencies=[accepts(JSON)])
async def describe(request: Request, kept: Keeping) -> Response:
    """The OpenAPI document; its first server is where callers find this one."""
    document: bytes = request.app.state.description(root_path_of(request.scope))
    return Response(document, media_type=JSON, headers=kept.headers(document, rule=PUBLIC))
