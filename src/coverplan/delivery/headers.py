"""Headers that the owner of a webhook has sent with each message: such that add to a call, and change nothing of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE = re.compile(r"[!-~](?:[ -~\t]*[!-~])?")
_MOST, _LONGEST_VALUE, _MOST_BYTES = 20, 4000, 8000
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"}
_HOP_BY_HOP |= {"trailer", "transfer-encoding", "upgrade", "http2-settings"}
_OURS = _HOP_BY_HOP | {"host", "user-agent", "accept-encoding", "expect", "date", "via", "forwarded"}
"""What says how a call is made, and the headers of one hop."""
_OUR_FAMILIES = ("content-", "coverplan-", "webhook-", "sec-", "x-forwarded-")
"""What says what the body is and who signed it, and what only proxies and browsers set."""


def header_faults(headers: Mapping[str, str]) -> list[tuple[str | None, str]]:
    """What is wrong with them: the name, and why; None: all of them together. Values are secret and not repeated."""
    faults: list[tuple[str | None, str]] = [
        (name, reason) for name, value in headers.items() if (reason := _fault(name, value)) is not None
    ]
    lowered = [name.lower() for name in headers]
    faults += [(name, "is given twice") for name in headers if lowered.count(name.lower()) > 1]
    if len(headers) > _MOST:
        faults.append((None, f"there may be {_MOST}"))
    if sum(len(name) + len(value) for name, value in headers.items()) > _MOST_BYTES:
        faults.append((None, f"they may have {_MOST_BYTES:,} characters together"))
    return faults


def _fault(name: str, value: str) -> str | None:
    if not _TOKEN.fullmatch(name):
        return "is no name of a header: 1 to 100 letters, digits and hyphens"
    if name.lower() in _OURS or name.lower().startswith(_OUR_FAMILIES):
        return "is not for callers to set"
    if len(value) > _LONGEST_VALUE:
        return f"has more than {_LONGEST_VALUE:,} characters"
    if not _VALUE.fullmatch(value):
        return "must have visible ASCII characters, with spaces between them only"
    return None
