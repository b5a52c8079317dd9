"""`coverplan keys`: the API keys of the service that these settings describe."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from coverplan.cli.bad_input import BadInputError
from coverplan.settings import Settings, redacted
from coverplan.store import keys as table
from coverplan.store.database import Database, DatabaseLostError
from coverplan.store.keys import Allowance, ApiKey, Scope
from coverplan.store.migrate import SchemaError, migrate

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_COLUMNS = ("id", "tenant", "name", "scopes", "requests/min", "running runs", "stored bytes", "created", "revoked")

keys = typer.Typer(no_args_is_help=True, help="Create, list and revoke the API keys of the service.")


@keys.command()
def create(
    *,
    tenant: Annotated[str, typer.Option(help="Whose key it is: 1 to 40 letters, digits, dots, dashes.")] = "default",
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; repeat it for several. [default: read, write]")
    ] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Calls a minute. [default: a setting]")] = None,
    running_runs: Annotated[
        int | None, typer.Option(min=1, help="Queued and running runs of its tenant. [default: a setting]")
    ] = None,
    stored_bytes: Annotated[
        int | None, typer.Option(min=1, help="Stored bytes of its tenant. [default: a setting]")
    ] = None,
) -> None:
    """Make a key and print its secret, once: nobody can read it again.

    What a key's tenant has made, no other tenant's key can see. With the first key the service is open no more.
    """
    if not _TENANT.fullmatch(tenant):
        raise BadInputError(f"--tenant {tenant[:100]!r}: 1 to 40 letters, digits, dots, dashes and underscores.")
    if name is not None and len(name) > 200:
        raise BadInputError("--name: at most 200 characters.")
    allowance = Allowance(requests_per_minute, running_runs, stored_bytes)
    with _writing() as connection:
        key_id, secret = table.create(connection, tenant, name, scope or (Scope.READ, Scope.WRITE), allowance)
    print(f"{key_id} of tenant {tenant}. Its secret is shown this once:", file=sys.stderr)
    typer.echo(secret)


@keys.command("list")
def every(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List all keys, also revoked ones; secrets are not kept."""
    with _writing() as connection:
        found = table.every(connection)
    if as_json:
        typer.echo(json.dumps([_document(key) for key in found], indent=1))
        return
    rows = [_COLUMNS, *(_row(key) for key in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]) -> None:
    """Revoke a key, for good; running services refuse it within 2 seconds."""
    with _writing() as connection:
        done = table.revoke(connection, key_id)
    if not done:
        raise BadInputError(f"no key {key_id[:100]!r} that could be revoked; `coverplan keys list` shows them.")
    print(f"{key_id} is revoked.", file=sys.stderr)


@contextmanager
def _writing() -> Iterator[Connection]:
    """A transaction in the database of the settings, made or brought up to date where needed."""
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


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "tenant": key.tenant,
        "name": key.name,
        "scopes": _scopes(key),
        **asdict(key.allowance),
        "created_at": _time(key.created_at),
        "revoked_at": _time(key.revoked_at),
    }


def _row(key: ApiKey) -> tuple[str, ...]:
    document = {**_document(key), "scopes": ",".join(_scopes(key))}
    return tuple("-" if value is None else str(value) for value in document.values())


def _scopes(key: ApiKey) -> list[Scope]:
    return [scope for scope in Scope if scope in key.scopes]


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
