# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Webhooks: who is told that something ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from coverplan.client.sync.transport import Transport
from coverplan.payload.webhooks import Delivery, EventKind, NewWebhook, Webhook


class Webhooks:
    """The webhooks of the caller; `read_webhook` checks and reads what they are sent."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(self, url: str, *, kinds: Sequence[EventKind] | None = None) -> NewWebhook:
        """Have an address called; the answer has the secret that signs the calls, which is shown this once."""
        body = {"url": url, "kinds": None if kinds is None else [*kinds]}
        return self._transport.post("/v1/webhooks", NewWebhook, body, uuid.uuid4().hex)

    def get(self, webhook_id: str) -> Webhook:
        """A webhook without its secret."""
        return self._transport.get(f"/v1/webhooks/{webhook_id}", Webhook)

    def list(self) -> Iterator[Webhook]:
        """All webhooks, newest first."""
        return self._transport.pages("/v1/webhooks", Webhook)

    def deliveries(self, webhook_id: str) -> Iterator[Delivery]:
        """The messages of a webhook, newest first, with what became of them."""
        return self._transport.pages(f"/v1/webhooks/{webhook_id}/deliveries", Delivery)

    def test(self, webhook_id: str) -> Delivery:
        """Have a message of the kind `webhook.test` sent; `deliveries` tells what became of it."""
        return self._transport.post(f"/v1/webhooks/{webhook_id}/test", Delivery)

    def delete(self, webhook_id: str) -> None:
        """Its address is not called any more."""
        self._transport.send("DELETE", f"/v1/webhooks/{webhook_id}")
