"""One of each thing that a path names, of which no message leaves this machine."""

from __future__ import annotations

import httpx

from support.operations import MAKERS
from support.receiver import Receiver


def things(owner: httpx.Client, told: Receiver) -> dict[str, str]:
    """Their ids by the names of parameters."""
    ids = {name: make(owner) for name, make in MAKERS.items() if name != "webhook_id"}
    answer = owner.post("/v1/webhooks", json={"url": told.url("/204?a-secret-place")})
    answer.raise_for_status()
    return {**ids, "webhook_id": answer.json()["id"]}
