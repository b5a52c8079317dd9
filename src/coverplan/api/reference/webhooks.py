"""The webhooks of the OpenAPI document: the calls that workers make to the addresses of their receivers."""

from __future__ import annotations

from typing import Any

from coverplan.api.media import JSON
from coverplan.api.reference.samples import Samples
from coverplan.api.reference.schemas import PLACE, Schemas
from coverplan.delivery.post import DELIVERY_HEADER
from coverplan.payload.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER
from coverplan.payload.webhooks import ALL_KINDS, TEST

_HEADERS = {
    DELIVERY_HEADER: "Id of the message; the same when it is sent again.",
    TIMESTAMP_HEADER: "When it was sent, in seconds since 1970.",
    SIGNATURE_HEADER: "`v1=` and the hexadecimal HMAC-SHA256, under the secret of the webhook, of the timestamp, a dot "
    "and the body.",
}
_RESPONSES = {
    "2XX": {"description": "The receiver has the message."},
    "default": {"description": "It is sent again later, up to some days; redirects are not followed."},
}


def webhooks_of(schemas: Schemas) -> dict[str, Any]:
    """One call for each kind of message."""
    sample = Samples(schemas).of({"$ref": f"{PLACE}WebhookEvent"})
    return {kind: {"post": _call(kind, sample)} for kind in (*ALL_KINDS, TEST)}


def _call(kind: str, sample: dict[str, Any]) -> dict[str, Any]:
    subject, _, event = kind.partition(".")
    others = {} if subject == "run" else {"run_id": None, "run": None}
    others |= {} if subject == "experiment" else {"experiment_id": None, "experiment": None}
    return {
        "operationId": f"on_{subject}_{event}",
        "tags": ["webhooks"],
        "summary": f"Receive {kind}",
        "description": "Made by a worker, at least once; `read_webhook` of the Python client checks and reads it.",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
            for name, words in _HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"$ref": f"{PLACE}WebhookEvent"},
                    "example": {**sample, "kind": kind, **others},
                }
            },
        },
        "responses": _RESPONSES,
    }
