"""Unpacking gzip: member by member, a piece at a time, at a cost that grows with the bytes and with nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from coverplan.api.errors import ApiError

PIECE = 1 << 20
"""Most bytes that come out at once."""
_FORMAT = 16 + zlib.MAX_WBITS
_STEP = 1 << 12
"""Bytes that are looked at together: what follows a member is copied once for each member in them."""
_MEMBERS, _BYTES_PER_MEMBER = 1_000, 256
"""Members that any body may have, and packed bytes for each one beyond: block formats have thousands each."""


class Gunzip:
    """Unpacks one body, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_FORMAT)
        self._members = 0
        self.packed = 0
        """Bytes taken so far."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What more of the body unpacks to; pieces may be empty.

        Raises:
            ApiError: it is no gzip data, or has far more members than it has use for.
        """
        for start in range(0, len(data), _STEP):
            rest = data[start : start + _STEP]
            self.packed += len(rest)
            while rest:
                self._begin()
                try:
                    piece = self._unpacker.decompress(rest, PIECE)
                except zlib.error:
                    raise broken() from None
                rest = self._unpacker.unused_data if self._unpacker.eof else self._unpacker.unconsumed_tail
                yield piece

    def end(self) -> None:
        """Raise ApiError unless the last member is whole."""
        if not self._unpacker.eof:
            raise broken()

    def _begin(self) -> None:
        """Begin a member where the one before has ended."""
        if self._members and not self._unpacker.eof:
            return
        if self._members:
            self._unpacker = zlib.decompressobj(_FORMAT)
        self._members += 1
        if self._members > _MEMBERS + self.packed // _BYTES_PER_MEMBER:
            raise broken("The body is cut into too many gzip members.")


def broken(detail: str = "The body is not complete gzip data.") -> ApiError:
    """The error of a body that does not unpack."""
    return ApiError("broken_encoding", detail, suggestion="Compress it again, as a whole.")
