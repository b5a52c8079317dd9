"""Who asks, and by which request: for routes that create what is worked on later."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from coverplan.api.guard.auth import Caller, authenticated
from coverplan.store.provenance import Provenance


async def _provenance(request: Request, caller: Annotated[Caller, Depends(authenticated)]) -> Provenance:
    by = None if caller.key_id is None else {"key_id": caller.key_id, "name": caller.key_name}
    return Provenance(by, request.state.request_id, request.state.trace)


Asked = Annotated[Provenance, Depends(_provenance)]
