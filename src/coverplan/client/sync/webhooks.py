# Made of the asynchronous twin by `make client`: what is changed here is lost.
"""Webhooks: who is told that something ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coverplan.client.answers import parsed
from coverplan.client.requests import content_of
from coverplan.client.sync.transport import Transport
from coverplan.payload.webhooks import Delivery, EventKind, NewWebhook, Webhook


class Webhooks:
    """The webhooks of the caller; `read_webhook` checks and reads what they are sent."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        url: str,
        *,
        kinds: Sequence[EventKind] | None = None,
        include_parts: bool | None = None,
        names: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> NewWebhook:
        """Have an address called; the answer has the secret that signs the calls, which is shown this once."""
        body = {
            "url": url,
            "kinds": None if kinds is None else [*kinds],
            "include_parts": include_parts,
            "names": None if names is None else [*names],
            "tags": None if tags is None else [*tags],
            "headers": None if headers is None else dict(headers),
        }
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

    def change(self, webhook_id: str, **changes: Any) -> Webhook:
        """Change what it is told of, where and with which `headers`; `state` pauses it, or has it `active` again."""
        answer = self._transport.send("PATCH", f"/v1/webhooks/{webhook_id}", **content_of(changes))
        return parsed(Webhook, answer.content)

    def rotate(self, webhook_id: str, *, overlap_s: int = 86400) -> NewWebhook:
        """Give it a new secret, which is shown this once; for so long the old one signs beside it."""
        path = f"/v1/webhooks/{webhook_id}/rotate?overlap_s={overlap_s}"
        return self._transport.post(path, NewWebhook, key=uuid.uuid4().hex)

    def test(self, webhook_id: str) -> Delivery:
        """Have a message of the kind `webhook.test` sent; `deliveries` tells what became of it."""
        return self._transport.post(f"/v1/webhooks/{webhook_id}/test", Delivery)

    def delete(self, webhook_id: str) -> None:
        """Its address is not called any more."""
        self._transport.send("DELETE", f"/v1/webhooks/{webhook_id}")
