"""`coverplan migrate`: brings the tables of the database up to this version, or back to an earlier one."""

from __future__ import annotations

from typing import Annotated

import typer

from coverplan.cli.bad_input import BadInputError
from coverplan.settings import Settings, redacted
from coverplan.store import migrate as migrations
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.migrate import SchemaError
from coverplan.store.workers import alive


def migrate(
    *, to: Annotated[str | None, typer.Option("--to", metavar="REVISION", help="Go back to this revision.")] = None
) -> None:
    """Bring the tables of the database to this version's revision; with --to, back to that of an earlier version.

    Services and workers upgrade as they start. To go back, stop all of them, run this with the later version, then
    start the earlier one; `coverplan doctor` says which revision it needs.
    """
    settings = Settings()
    database = Database.open(settings.database)
    try:
        if to is None or to == migrations.head():
            migrations.migrate(database)
        else:
            _go_back(database, to)
        typer.echo(f"The database is at revision {migrations.tables(database).revision}.")
    except SchemaError as error:
        raise BadInputError(str(error)) from None
    except (DatabaseLostError, OSError) as error:
        place = redacted(settings.database)
        raise BadInputError(f"the database {place} does not answer: {redacted(str(error))}") from None
    finally:
        database.close()


def _go_back(database: Database, revision: str) -> None:
    living = alive(database) if migrations.tables(database).is_current else 0
    if living:
        raise BadInputError(f"{living} workers use the database: stop all services and workers before going back.")
    migrations.migrate_back(database, revision)
