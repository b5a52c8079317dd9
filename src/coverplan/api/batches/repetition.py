"""Whether the lines of a call are those that came under its key before: in their bytes, or in what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping

from coverplan.api.batches.lines import Line
from coverplan.api.body import Parsers
from coverplan.api.idempotency import reused
from coverplan.payload.canonical import canonical
from coverplan.settings import Settings
from coverplan.store.idempotency import is_same, sealed

_UNREADABLE = b"\0"


class Repetition:
    """Counts the lines of a call into the batch in this row, and compares them with those that it has."""

    def __init__(self, row: RowMapping) -> None:
        self.read = 0
        """Lines of this call."""
        self.known: int = row["lines"]
        """Lines that were taken before."""
        self._keyed = row["key"] is not None
        self._known_digests: tuple[str | None, str | None] = (row["digest"], row["content_digest"])
        self._raw, self._content = hashlib.sha256(), hashlib.sha256()

    async def contents(self, lines: Sequence[Line], parsers: Parsers, settings: Settings) -> list[bytes]:
        """What the lines say, however it is written; only calls with a key can be repeated."""
        if not self._keyed:
            return [b""] * len(lines)
        size = sum(len(line) for line in lines if isinstance(line, bytes))
        return await parsers.run(lambda: [_content(line, settings.max_body_values) for line in lines], size)

    def is_known(self, line: Line, content: bytes) -> bool:
        """Count a line; whether it was taken before.

        Raises:
            ApiError: the lines up to it are others than those that were taken.
        """
        self.read += 1
        for digest, text in ((self._raw, line if isinstance(line, bytes) else _UNREADABLE), (self._content, content)):
            digest.update(text)
            digest.update(b"\n")
        if self.read == self.known and not is_same(*self._known_digests, *self._digests()):
            raise reused()
        return self.read <= self.known

    def facts(self) -> dict[str, Any]:
        """What the row of the batch says of the lines so far."""
        raw, content = self._digests()
        return {
            "lines": self.read,
            "digest": raw,
            "content_digest": None if content is None else sealed(raw, content),
        }

    def _digests(self) -> tuple[str, str | None]:
        return self._raw.hexdigest(), self._content.hexdigest() if self._keyed else None


def _content(line: Line, most_values: int) -> bytes:
    if not isinstance(line, bytes):
        return _UNREADABLE
    if len(line) > most_values and sum(line.count(mark) for mark in (b",", b"[", b"{")) > most_values:
        return line  # it is refused, and not worth the memory
    content = canonical(line)
    return line if content is None else content
