"""Policies by name."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from urllib.parse import quote

from coverplan.client.aio.transport import Transport
from coverplan.client.requests import Document
from coverplan.payload.policies import PolicyDiff, PolicyVersion, StoredPolicy
from coverplan.payload.policy import Policy


class Policies:
    """The stored policies of the caller."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def save(self, name: str, policy: Policy | Document) -> StoredPolicy:
        """Store a policy as the next version of its name; the latest, sent again, adds none."""
        body = {"name": name, "policy": policy}
        return await self._transport.post("/v1/policies", StoredPolicy, body, uuid.uuid4().hex)

    async def get(self, name: str, version: int) -> StoredPolicy:
        """A version of a policy."""
        return await self._transport.get(f"{_path(name)}/versions/{version}", StoredPolicy)

    def list(self) -> AsyncIterator[PolicyVersion]:
        """The latest version of every policy, by name."""
        return self._transport.pages("/v1/policies", PolicyVersion)

    def versions(self, name: str) -> AsyncIterator[PolicyVersion]:
        """All versions of a policy, newest first."""
        return self._transport.pages(_path(name), PolicyVersion)

    async def diff(self, name: str, before: int, after: int | None = None) -> PolicyDiff:
        """What changed between two versions; without `after`, up to the latest."""
        return await self._transport.get(f"{_path(name)}/diff", PolicyDiff, **{"from": before, "to": after})

    async def delete(self, name: str) -> None:
        """Delete all versions of a policy; runs and experiments keep what they were given."""
        await self._transport.send("DELETE", _path(name))


def _path(name: str) -> str:
    return f"/v1/policies/{quote(name, safe='')}"
