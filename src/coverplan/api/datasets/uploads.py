"""One table on its way to the blobs: unpacked, measured and looked at piece by piece, never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Request

from coverplan.api.errors import ApiError
from coverplan.api.streams import received, unpacked
from coverplan.payload.datasets import TableFormat
from coverplan.payload.error_document import Limit
from coverplan.payload.issues import IssueReport
from coverplan.settings import Settings
from coverplan.tables.arrival import TEXT, Arrival, TooManyBytesError, TooManyRowsError, UnreadableTableError

MEDIA_TYPES: dict[str, TableFormat] = {
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow_stream",
    "application/vnd.apache.parquet": "parquet",
}
"""Parquet comes last: generated clients that send one media type only send the last one."""


class Upload:
    """The body of a request as the pieces of a table."""

    def __init__(self, request: Request, settings: Settings) -> None:
        """Look at the headers.

        Raises:
            ApiError: the media type or encoding is none that is taken, or the body would be too large.
        """
        self._request, self._settings = request, settings
        media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media_type not in MEDIA_TYPES:
            raise ApiError(
                "unsupported_media_type",
                f"The Content-Type is {media_type[:100] or 'missing'}.",
                suggestion=f"Send the table as one of: {', '.join(MEDIA_TYPES)}.",
                headers={"Accept": ", ".join(MEDIA_TYPES)},
            )
        self.format = MEDIA_TYPES[media_type]
        self._packed = self._encoding() == "gzip"
        declared = request.headers.get("content-length", "0")
        self.declared = int(declared[:20]) if declared.isdecimal() else 0
        if self.declared > settings.max_table_bytes:
            raise self._too_large()
        self._arrival = Arrival(self.format, settings.max_table_bytes, settings.max_table_rows)

    @property
    def size(self) -> int:
        """Its size, unpacked."""
        return self._arrival.bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the table, unpacked."""
        return self._arrival.digest

    async def pieces(self) -> AsyncIterator[bytes]:
        """The table, unpacked and looked at.

        Raises:
            ApiError: it is too large, too slow, broken, or not of its format.
        """
        chunks = received(self._request, self._settings.body_timeout_s)
        try:
            async for piece in unpacked(chunks) if self._packed else chunks:
                self._arrival.take(piece)
                yield piece
            self._arrival.end()
        except TooManyBytesError:
            raise self._too_large() from None
        except TooManyRowsError:
            raise self._too_many_rows() from None
        except UnreadableTableError as error:
            raise _unreadable(str(error)) from None

    def _encoding(self) -> str:
        encoding = self._request.headers.get("content-encoding", "").strip().lower() or "identity"
        taken = ("identity", "gzip") if self.format in TEXT else ("identity",)
        if encoding not in taken:
            raise ApiError(
                "unsupported_encoding",
                f"The Content-Encoding is {encoding[:100]}.",
                suggestion="Text may be compressed with gzip; Parquet and Arrow are compressed within.",
                headers={"Accept-Encoding": ", ".join(taken)},
            )
        return encoding

    def _too_large(self) -> ApiError:
        limit = self._settings.max_table_bytes
        return ApiError(
            "body_too_large",
            f"A table may have {limit:,} bytes, counted after decompression.",
            suggestion="Send it as Parquet, or raise COVERPLAN_MAX_TABLE_MB.",
            limit=Limit(name="max_table_bytes", value=limit),
        )

    def _too_many_rows(self) -> ApiError:
        limit = self._settings.max_table_rows
        return ApiError(
            "body_too_large",
            f"A table may have {limit:,} rows.",
            suggestion="Raise COVERPLAN_MAX_TABLE_ROWS.",
            limit=Limit(name="max_table_rows", value=limit),
        )


def _unreadable(reason: str) -> ApiError:
    report = IssueReport()
    report.add("invalid_value", "", reason=reason)
    return ApiError("invalid", reason, issues=report.errors, total=1)
