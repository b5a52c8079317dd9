"""The database of the service that the settings describe, for commands that look into it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from coverplan.cli.bad_input import BadInputError
from coverplan.settings import Settings, redacted
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import SchemaError, migrate


@contextmanager
def transaction() -> Iterator[Connection]:
    """A transaction in it, made or brought up to date where needed."""
    settings = Settings()
    database = Database.open(settings.database)
    try:
        migrate(database)
        with database.begin() as connection:
            yield connection
    except SchemaError as error:
        raise BadInputError(str(error)) from None
    except (DatabaseLostError, OSError) as error:
        place = redacted(settings.database)
        raise BadInputError(f"the database {place} does not answer: {redacted(str(error))}") from None
    finally:
        database.close()


def aligned(rows: list[tuple[str, ...]]) -> str:
    """Rows as lines of columns, the first being the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in cells)
