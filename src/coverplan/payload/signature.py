"""The signature of webhooks: HMAC-SHA256 over the time, a dot and the body."""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP_HEADER = "Coverplan-Timestamp"
SIGNATURE_HEADER = "Coverplan-Signature"
_VERSION = "v1"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What the header says: `v1=` and 64 hexadecimal digits. The timestamp is in seconds since 1970, as it was sent."""
    signed = timestamp.encode() + b"." + body
    return f"{_VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_signed(secret: str, timestamp: str, body: bytes, given: str) -> bool:
    """Whether one of the signatures given, separated by commas, is right; takes as long for a wrong one."""
    expected = signature(secret, timestamp, body).encode()
    matches = [hmac.compare_digest(expected, part.strip().encode()) for part in given.split(",")]
    return any(matches)
