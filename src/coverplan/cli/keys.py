"""`coverplan keys`: the API keys of the service that these settings describe."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.state import aligned, transaction
from coverplan.payload.keys import Scope
from coverplan.store import audit
from coverplan.store import keys as table
from coverplan.store.audit import By
from coverplan.store.keys import Allowance, ApiKey

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
    with transaction() as connection:
        key, secret = table.create(connection, tenant, name, scope or (Scope.READ, Scope.WRITE), allowance)
        audit.add(connection, By(tenant), "key.create", key.id)
    print(f"{key.id} of tenant {tenant}. Its secret is shown this once:", file=sys.stderr)
    typer.echo(secret)


@keys.command("list")
def every(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List all keys, also revoked ones; secrets are not kept."""
    with transaction() as connection:
        found = table.every(connection)
    if as_json:
        typer.echo(json.dumps([_document(key) for key in found], indent=1))
        return
    typer.echo(aligned([_COLUMNS, *(_row(key) for key in found)]))


@keys.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]) -> None:
    """Revoke a key, for good; running services refuse it within 2 seconds."""
    with transaction() as connection:
        revoked = table.revoke(connection, key_id)
        if revoked is not None:
            audit.add(connection, By(revoked.tenant), "key.revoke", key_id)
    if revoked is None:
        raise BadInputError(f"no key {key_id[:100]!r} that could be revoked; `coverplan keys list` shows them.")
    print(f"{key_id} is revoked.", file=sys.stderr)


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
