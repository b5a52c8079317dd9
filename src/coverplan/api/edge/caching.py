"""What callers may keep: answers that stay what they are carry an ETag, and are not sent to who has them already."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from starlette.responses import Response

from coverplan import __version__
from coverplan.api.errors import AnsweredError

_HAVE = "If-None-Match"
PRIVATE = "private, no-cache"
"""Of a tenant: its caller asks each time whether it is still there and its key still good, and is sent nothing anew."""
PUBLIC = "public, max-age=300"
"""The same for everybody until the service is upgraded."""
UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has it: `If-None-Match` has its ETag."}}
"""What `responses` says of routes with `Keeping`."""


class Keeper:
    """What a caller has kept."""

    def __init__(self, tags: str) -> None:
        self._tags = {tag.strip().removeprefix("W/") for tag in tags.split(",")}

    def headers(self, *content: object, rule: str = PRIVATE) -> dict[str, str]:
        """Headers of an answer that stays the same while this content does, in one version of the service.

        Tags are weak: compression changes the bytes.

        Raises:
            AnsweredError: the caller has the answer.
        """
        parts = "\0".join(map(str, (__version__, *content)))
        tag = f'"{hashlib.sha256(parts.encode()).hexdigest()[:32]}"'
        headers = {"ETag": f"W/{tag}", "Cache-Control": rule, "Vary": "Accept"}
        if self._tags & {tag, "*"}:
            raise AnsweredError(Response(status_code=304, headers=headers))
        return headers


async def _keeper(
    request: Request,
    _if_none_match: Annotated[
        str | None,
        Header(alias="If-None-Match", description="ETags of answers that the caller has: then 304, without a body."),
    ] = None,
) -> Keeper:
    return Keeper(",".join(request.headers.getlist("if-none-match")))


Keeping = Annotated[Keeper, Depends(_keeper)]
"""For routes whose answer stays what it is."""
