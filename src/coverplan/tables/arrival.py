"""A table on its way in, looked at piece by piece and never held: how large it is, and whether it can be one at all."""

from __future__ import annotations

import hashlib

from coverplan.payload.datasets import TableFormat

TEXT = ("csv", "ndjson")
MAX_LINE = 1 << 20
"""Bytes of a line of text."""
_EDGES: dict[TableFormat, tuple[tuple[bytes, ...], bytes]] = {
    "parquet": ((b"PAR1",), b"PAR1"),
    "arrow": ((b"ARROW1",), b"ARROW1"),
    "arrow_stream": ((b"\xff\xff\xff\xff",), b""),
}
"""How files of a format begin and end."""
_NAMES = {"parquet": "Parquet", "arrow": "Arrow IPC file", "arrow_stream": "Arrow IPC stream"}


class UnreadableTableError(Exception):
    """It is no table of the format that it is said to be."""


class TooManyBytesError(Exception):
    """It is larger than is taken."""


class TooManyRowsError(Exception):
    """It has more lines than is taken."""


class Arrival:
    """One table in one format."""

    def __init__(self, form: TableFormat, max_bytes: int, max_rows: int) -> None:
        self.format = form
        self.bytes = 0
        self._max_bytes, self._max_rows = max_bytes, max_rows
        self._digest = hashlib.sha256()
        self._first = self._last = b""
        self._line = self._lines = 0

    @property
    def digest(self) -> str:
        """SHA-256 of what has come."""
        return self._digest.hexdigest()

    def take(self, piece: bytes) -> None:
        """Look at the next piece.

        Raises:
            TooManyBytesError, TooManyRowsError: it is too large by now.
            UnreadableTableError: it cannot become a table any more.
        """
        self.bytes += len(piece)
        if self.bytes > self._max_bytes:
            raise TooManyBytesError
        self._digest.update(piece)
        if self.format in TEXT:
            self._look_at_text(piece)
        elif len(self._first) < 8:
            self._first = (self._first + piece)[:8]
        self._last = (self._last + piece)[-8:]

    def end(self) -> None:
        """It is whole.

        Raises:
            UnreadableTableError: it is not.
        """
        if self.format in _EDGES:
            starts, end = _EDGES[self.format]
            if not self._first.startswith(starts) or not self._last.endswith(end):
                name = _NAMES[self.format]
                raise UnreadableTableError(f"This is no whole {name}: it begins or ends in another way.")

    def _look_at_text(self, piece: bytes) -> None:
        """Bytes that no text holds, and lines that no table has."""
        if b"\0" in piece:
            raise UnreadableTableError("The text has zero bytes, as text in UTF-8 does not.")
        end = piece.find(b"\n")
        longest = self._line + (len(piece) if end < 0 else end)
        if longest > MAX_LINE:
            raise UnreadableTableError(f"Line {self._lines + 1:,} is longer than {MAX_LINE:,} bytes.")
        self._line = longest if end < 0 else len(piece) - piece.rfind(b"\n") - 1
        self._lines += piece.count(b"\n")
        if self._lines > self._max_rows + 1:
            raise TooManyRowsError
