"""Query parameters: one that a call does not know is an error, as an unknown field of a body is.

Left unsaid, a filter that is misspelt answers with everything.
"""

from __future__ import annotations

from fastapi import Depends, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from coverplan.api.guard.gate import PROBES
from coverplan.payload.issues import IssueReport
from coverplan.payload.translation import closest


async def _known_only(request: Request) -> None:
    """Raise PayloadError where the query has what the route does not know."""
    given = request.query_params.keys()
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute) or request.url.path in PROBES:
        return
    known, report = _known(route), IssueReport()
    for name in dict.fromkeys(given):
        if name not in known:
            suggestion = closest(name, known, None)
            report.add("unknown_field", f"/query/{_escaped(name)}", value=name, field=name, suggestion=suggestion)
    report.raise_errors()


def _known(route: APIRoute) -> tuple[str, ...]:
    """The query parameters of a route and of all that it depends on."""
    found = {field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)}
    return tuple(sorted(found))


def _escaped(name: str) -> str:
    """A name as a part of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


KNOWN_PARAMETERS = Depends(_known_only)
"""For all routes."""
