"""JSON in one way of writing: texts that say the same become the same bytes."""

from __future__ import annotations

import json

_BOM = b"\xef\xbb\xbf"


def canonical(data: bytes) -> bytes | None:
    """A JSON text with its keys sorted and without white space, its numbers by value; None: it is no JSON.

    A number is what a double makes of it, as everywhere: `1`, `1.0` and `10e-1` are the same. An integer that no double
    holds, such as a long seed, stays itself.
    """
    try:
        value = json.loads(data.removeprefix(_BOM).decode(), parse_int=_number)
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> float | int:
    number, whole = float(digits), int(digits)
    return number if number == whole else whole
