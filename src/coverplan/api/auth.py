"""Who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

OPEN_TENANT = "default"
"""Owner of everything while the service runs open."""


@dataclass(frozen=True)
class Caller:
    """Who calls: every resource belongs to a tenant, and no call sees another's."""

    tenant: str
    key_id: str | None = None
    """None while the service runs open."""


def _caller(_request: Request) -> Caller:
    return Caller(OPEN_TENANT)


Reader = Annotated[Caller, Depends(_caller)]
"""A caller who may read."""
Writer = Annotated[Caller, Depends(_caller)]
"""A caller who may create, stop and delete."""
