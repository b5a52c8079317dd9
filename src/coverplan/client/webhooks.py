"""For receivers of webhooks: whether a message is Coverplan's, and what it says."""

from __future__ import annotations

import time
from collections.abc import Mapping

from pydantic import ValidationError

from coverplan.client.errors import CoverplanError
from coverplan.payload.leniency import read_answer
from coverplan.payload.signature import (
    SIGNATURE_HEADER,
    STANDARD_ID_HEADER,
    STANDARD_SIGNATURE_HEADER,
    STANDARD_TIMESTAMP_HEADER,
    TIMESTAMP_HEADER,
    is_signed,
    is_standard_signed,
)
from coverplan.payload.webhooks import WebhookEvent

TOLERANCE_S = 300.0
"""Age (s) beyond which a message may be one that somebody recorded and sends again."""


class SignatureError(CoverplanError):
    """The message is not one that Coverplan has just signed with this secret: ignore it."""


def read_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, tolerance_s: float = TOLERANCE_S
) -> WebhookEvent:
    """What a message says, if it is genuine. `body` must be the bytes as they came.

    It is genuine if it has our signature, or that of Standard Webhooks where ours is missing. A message may come more
    than once: its `id` stays the same.

    Raises:
        SignatureError: it is not genuine, or too old.
    """
    given = {name.lower(): value for name, value in headers.items()}
    timestamp = _signed_at(secret, given, body)
    if not timestamp.isdecimal() or abs(time.time() - float(timestamp)) > tolerance_s:
        raise SignatureError("The message is too old, or the clocks differ.")
    try:
        return read_answer(WebhookEvent, body)
    except ValidationError as error:
        raise SignatureError("The message is not one of this version of Coverplan.") from error


def _signed_at(secret: str, given: Mapping[str, str], body: bytes) -> str:
    """The timestamp that is signed with the body."""
    ours, standard = given.get(SIGNATURE_HEADER.lower()), given.get(STANDARD_SIGNATURE_HEADER)
    timestamp = given.get(TIMESTAMP_HEADER.lower(), "")
    if ours is not None and is_signed(secret, timestamp, body, ours):
        return timestamp
    if ours is None and standard is not None:
        message_id, timestamp = given.get(STANDARD_ID_HEADER, ""), given.get(STANDARD_TIMESTAMP_HEADER, "")
        if is_standard_signed(secret, message_id, timestamp, body, standard):
            return timestamp
    raise SignatureError("The signature does not fit.")
