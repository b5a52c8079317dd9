"""API keys for services that tests start."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from coverplan.payload.keys import Scope
from coverplan.store import keys
from coverplan.store.database import Database
from coverplan.store.keys import Allowance
from coverplan.store.migrate import migrate
from support.command import call


def bearer(secret: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {secret}"}


def new_key(
    url: str, tenant: str = "acme", scopes: Collection[Scope] = (Scope.READ, Scope.WRITE), **limits: int
) -> str:
    """The secret of a new key in this database."""
    database = Database.open(url)
    migrate(database)
    with database.begin() as connection:
        _, secret = keys.create(connection, tenant, "a test's", scopes, Allowance(**limits))
    database.close()
    return secret


def command_line_key(folder: Path, *options: str) -> tuple[str, str]:
    """Id and secret of a key that the command line makes in a data folder."""
    made = call("keys", "create", *options, env={"COVERPLAN_DATA_DIR": str(folder)})
    assert made.returncode == 0, made.stderr
    return made.stderr.split()[0], made.stdout.strip()
