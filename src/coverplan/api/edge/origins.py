"""Pages of other sites: those that the operator names may call, from any browser, with a key that they send themselves.

No answer allows credentials (cookies, certificates): there are none here, and no browser adds a key by itself.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from coverplan.api.errors import ApiError

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
EXPOSED = (
    "Content-Disposition",
    "Coverplan-Batch-Id",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)
"""What a page may read of an answer beside its body."""


class Origins(CORSMiddleware):
    """Starlette's, with our document for what it refuses."""

    def __init__(self, app: ASGIApp, origins: list[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=["*"],
            allow_private_network=True,
            expose_headers=EXPOSED,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Whether the call that a browser is about to make is allowed."""
        response = super().preflight_response(request_headers)
        if response.status_code >= 400:
            raise ApiError(
                "origin_not_allowed",
                "The browser asks to call from an origin, or by a method, that is not allowed.",
                suggestion="Have the operator add the origin to COVERPLAN_CORS_ORIGINS.",
            )
        return response
