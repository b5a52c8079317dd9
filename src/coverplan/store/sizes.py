"""How large documents are as rows hold them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, func


def size_of(*documents: Any) -> int:
    """Bytes of documents as JSON; None takes none."""
    return sum(len(json.dumps(document)) for document in documents if document is not None)


def octets(connection: Connection, text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Bytes of a text in the database: `octet_length`, which SQLite has since 3.43 only."""
    if connection.dialect.name == "sqlite":
        return func.length(cast(text, LargeBinary))
    return func.octet_length(text)
