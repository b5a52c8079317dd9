"""The signatures of webhooks: ours, over the time, a dot and the body, and that of Standard Webhooks beside it.

A secret is text. Ours takes it as it is; Standard Webhooks (https://www.standardwebhooks.com) takes the bytes that it
stands for in base64, after `whsec_`. Secrets of earlier versions begin with `whsec-`, and are these bytes themselves.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

TIMESTAMP_HEADER = "Coverplan-Timestamp"
SIGNATURE_HEADER = "Coverplan-Signature"
STANDARD_ID_HEADER = "webhook-id"
STANDARD_TIMESTAMP_HEADER = "webhook-timestamp"
STANDARD_SIGNATURE_HEADER = "webhook-signature"
STANDARD_PREFIX = "whsec_"
_VERSION = "v1"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What our header says: `v1=` and 64 hexadecimal digits. The timestamp is in seconds since 1970, as it was sent."""
    signed = timestamp.encode() + b"." + body
    return f"{_VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_signed(secret: str, timestamp: str, body: bytes, given: str) -> bool:
    """Whether one of the signatures given, separated by commas, is right; takes as long for a wrong one."""
    return _is_among(signature(secret, timestamp, body), given.split(","))


def standard_signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """What the header of Standard Webhooks says: `v1,` and the base64 of HMAC-SHA256 of id, time and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(standard_key(secret), signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def is_standard_signed(secret: str, message_id: str, timestamp: str, body: bytes, given: str) -> bool:
    """Whether one of the signatures given, separated by spaces, is right; takes as long for a wrong one."""
    return _is_among(standard_signature(secret, message_id, timestamp, body), given.split(" "))


def standard_key(secret: str) -> bytes:
    """The bytes that a secret stands for."""
    if not secret.startswith(STANDARD_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def _is_among(expected: str, given: Iterable[str]) -> bool:
    matches = [hmac.compare_digest(expected.encode(), part.strip().encode()) for part in given]
    return any(matches)
