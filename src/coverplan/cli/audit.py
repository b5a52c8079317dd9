"""`coverplan audit`: who wrote or destroyed what, of all tenants."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, get_args

import typer
from sqlalchemy import RowMapping

from coverplan.cli.bad_input import BadInputError
from coverplan.cli.state import aligned, transaction
from coverplan.payload.audit import Action
from coverplan.store import audit as log
from coverplan.store.lists import Which

_COLUMNS = ("created_at", "tenant", "key_id", "action", "resource", "request_id", "address")
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]


def audit(
    *,
    tenant: Annotated[str | None, typer.Option(help="Lines of this tenant only.")] = None,
    key: Annotated[str | None, typer.Option(metavar="ID", help="Lines of this key only.")] = None,
    action: Annotated[str | None, typer.Option(help="Lines of this action only, e.g. dataset.delete.")] = None,
    resource: Annotated[str | None, typer.Option(metavar="ID", help="Lines about this only.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_TIMES, help="Lines from then on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_TIMES, help="Lines before then, in UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most lines.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one line each.")] = False,
) -> None:
    """Show who wrote or destroyed what, newest first; `GET /v1/audit` shows a tenant its own.

    Lines are kept for COVERPLAN_AUDIT_DAYS. They name things by their ids, and hold nothing of what is in them.
    """
    if action is not None and action not in get_args(Action):
        raise BadInputError(f"--action {action[:100]!r}: one of {', '.join(get_args(Action))}.")
    which = Which(created_from=_seconds(since), created_to=_seconds(until))
    equal = {"key_id": key, "action": action, "resource": resource}
    with transaction() as connection:
        rows = log.page(connection, tenant, limit, None, which, equal)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(_shown(row)))
        return
    lines = (tuple("-" if value is None else str(value) for value in _shown(row).values()) for row in rows)
    typer.echo(aligned([_COLUMNS, *lines]))


def _shown(row: RowMapping) -> dict[str, Any]:
    at = datetime.fromtimestamp(row["created_at"], UTC).isoformat(timespec="seconds")
    return {**{name: row[name] for name in _COLUMNS}, "created_at": at}


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.replace(tzinfo=UTC).timestamp()
