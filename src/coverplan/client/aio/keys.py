"""API keys of the caller's tenant, for callers whose own key has the scope `admin`."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence

from coverplan.client.aio.transport import Transport
from coverplan.payload.keys import Key, NewKey, ScopeName


class Keys:
    """The keys of the caller's tenant."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        name: str | None = None,
        scopes: Sequence[ScopeName] = ("read", "write"),
        *,
        requests_per_minute: int | None = None,
        running_runs: int | None = None,
        stored_bytes: int | None = None,
        key: str | None = None,
    ) -> NewKey:
        """Make a key. Its `secret` is in this answer only; it is null where the call was repeated under its `key`."""
        body = {
            "name": name,
            "scopes": list(scopes),
            "requests_per_minute": requests_per_minute,
            "running_runs": running_runs,
            "stored_bytes": stored_bytes,
        }
        return await self._transport.post("/v1/keys", NewKey, body, key or uuid.uuid4().hex)

    async def get(self, key_id: str) -> Key:
        """A key without its secret."""
        return await self._transport.get(f"/v1/keys/{key_id}", Key)

    def list(self, **filters: str) -> AsyncIterator[Key]:
        """Keys, newest first; by `name`, `name_prefix`, `status`, `scope`, `created_from`, `created_to`."""
        return self._transport.pages("/v1/keys", Key, **filters)

    async def revoke(self, key_id: str) -> None:
        """Revoke a key, for good."""
        await self._transport.send("DELETE", f"/v1/keys/{key_id}")
