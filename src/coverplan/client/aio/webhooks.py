"""Webhooks: who is told that something ended."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence

from coverplan.client.aio.transport import Transport
from coverplan.payload.webhooks import Delivery, EventKind, NewWebhook, Webhook


class Webhooks:
    """The webhooks of the caller; `read_webhook` checks and reads what they are sent."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, url: str, *, kinds: Sequence[EventKind] | None = None) -> NewWebhook:
        """Have an address called; the answer has the secret that signs the calls, which is shown this once."""
        body = {"url": url, "kinds": None if kinds is None else [*kinds]}
        return await self._transport.post("/v1/webhooks", NewWebhook, body, uuid.uuid4().hex)

    async def get(self, webhook_id: str) -> Webhook:
        """A webhook without its secret."""
        return await self._transport.get(f"/v1/webhooks/{webhook_id}", Webhook)

    def list(self) -> AsyncIterator[Webhook]:
        """All webhooks, newest first."""
        return self._transport.pages("/v1/webhooks", Webhook)

    def deliveries(self, webhook_id: str) -> AsyncIterator[Delivery]:
        """The messages of a webhook, newest first, with what became of them."""
        return self._transport.pages(f"/v1/webhooks/{webhook_id}/deliveries", Delivery)

    async def test(self, webhook_id: str) -> Delivery:
        """Have a message of the kind `webhook.test` sent; `deliveries` tells what became of it."""
        return await self._transport.post(f"/v1/webhooks/{webhook_id}/test", Delivery)

    async def delete(self, webhook_id: str) -> None:
        """Its address is not called any more."""
        await self._transport.send("DELETE", f"/v1/webhooks/{webhook_id}")
