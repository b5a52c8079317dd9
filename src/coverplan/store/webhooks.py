"""Webhooks: whom to tell of what, and whether they take it. Changes of one lock its row first, then its deliveries."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Text, cast, delete, func, insert, or_, select, update

from coverplan.payload.signature import STANDARD_PREFIX
from coverplan.payload.webhooks import EARLIER_KINDS, EventKind
from coverplan.store.announcements import PENDING
from coverplan.store.ids import new_id
from coverplan.store.lists import ALL, Which, chosen, newest
from coverplan.store.schema import deliveries, webhooks

ACTIVE, PAUSED, FAILING = "active", "paused", "failing"
MOST_SECRETS = 5
"""Secrets that sign the messages of one webhook at the same time."""
_KEY_BYTES = 32

Facts = Mapping[str, Any]


class TooManySecretsError(Exception):
    """The webhook has so many secrets that have not run out that it gets no other."""


def add(connection: Connection, tenant: str, facts: Facts) -> RowMapping:
    """A new webhook with a new secret; `facts` has its `url`, its `kinds`, and what it chooses by."""
    row = {"include_parts": False, **_columns(facts), "secret": _new_secret(), "created_at": time.time()}
    change = insert(webhooks).values(id=new_id("wh"), tenant=tenant, **row)
    return connection.execute(change.returning(webhooks)).mappings().one()


def count(connection: Connection, tenant: str) -> int:
    """How many webhooks the tenant has."""
    wanted = select(func.count()).select_from(webhooks).where(webhooks.c.tenant == tenant)
    return connection.execute(wanted).scalar_one()


def get(connection: Connection, tenant: str, webhook_id: str) -> RowMapping | None:
    """A webhook of the tenant."""
    wanted = select(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
    return connection.execute(wanted).mappings().one_or_none()


def page(
    connection: Connection, tenant: str, limit: int, before: str | None, which: Which = ALL, kind: str | None = None
) -> Sequence[RowMapping]:
    """Webhooks of the tenant, newest first, older than the one with the id `before`; `kind`: those told of it."""
    wanted = select(webhooks).where(webhooks.c.tenant == tenant, chosen(connection, webhooks, which, "wh"))
    if kind is not None:
        columns = [cast(column, Text) for column in (webhooks.c.kinds, webhooks.c.more_kinds)]
        wanted = wanted.where(or_(*(column.contains(f'"{kind}"', autoescape=True) for column in columns)))
    return connection.execute(newest(wanted, webhooks, limit, before)).mappings().all()


def waiting(connection: Connection, webhook_ids: Sequence[str]) -> dict[str, int]:
    """How many messages of these webhooks wait, of those that have any."""
    mine = deliveries.c.webhook_id.in_(webhook_ids), deliveries.c.status == PENDING
    wanted = select(deliveries.c.webhook_id, func.count()).where(*mine).group_by(deliveries.c.webhook_id)
    found = connection.execute(wanted).all()
    return {row[0]: row[1] for row in found}


def remove(connection: Connection, tenant: str, webhook_id: str) -> bool:
    """Remove a webhook of the tenant with its deliveries; False if there is none."""
    change = delete(webhooks).where(webhooks.c.id == webhook_id, webhooks.c.tenant == tenant)
    return bool(connection.execute(change).rowcount)


def locked(connection: Connection, webhook_id: str) -> RowMapping | None:
    """A webhook that nobody changes, and of which nobody is told anything, until the transaction ends."""
    wanted = select(webhooks).where(webhooks.c.id == webhook_id).with_for_update()
    return connection.execute(wanted).mappings().one_or_none()


def change(connection: Connection, webhook_id: str, facts: Facts) -> RowMapping:
    """Change what a webhook is; its state is changed by `pause` and `wake`."""
    mine = webhooks.c.id == webhook_id
    if facts:
        connection.execute(update(webhooks).where(mine).values(**_columns(facts)))
    return connection.execute(select(webhooks).where(mine)).mappings().one()


def pause(connection: Connection, webhook: RowMapping) -> None:
    """Send nothing until it is woken; one that fails fails no more, as nothing is tried."""
    paused_at = webhook["paused_at"] or time.time()
    values = {"paused_at": paused_at, "failing_since": None, "failures": 0, "wake_at": None}
    connection.execute(update(webhooks).where(webhooks.c.id == webhook["id"]).values(**values))
    hold(connection, webhook["id"])


def wake(connection: Connection, webhook: RowMapping) -> None:
    """Send what has waited, in order, whether it was paused or failing."""
    if state_of(webhook) != ACTIVE:
        values = {"paused_at": None, "failing_since": None, "failures": 0, "wake_at": time.time()}
        connection.execute(update(webhooks).where(webhooks.c.id == webhook["id"]).values(**values))


def try_now(connection: Connection, webhook_id: str) -> None:
    """Have a webhook that fails be tried at once."""
    fails = webhooks.c.id == webhook_id, webhooks.c.failing_since.is_not(None)
    connection.execute(update(webhooks).where(*fails).values(wake_at=time.time()))


def hold(connection: Connection, webhook_id: str) -> None:
    """Have its messages wait for it to wake. Versions before revision 0003 find nothing to send then, either."""
    waits = deliveries.c.webhook_id == webhook_id, deliveries.c.status == PENDING
    connection.execute(update(deliveries).where(*waits).values(next_at=None))


def rotate(connection: Connection, webhook: RowMapping, overlap_s: float) -> RowMapping:
    """Give a webhook a new secret; those that it had sign beside it for so long at most.

    Raises:
        TooManySecretsError: too many of them would.
    """
    until = time.time() + overlap_s
    retired = [{**one, "until": min(one["until"], until)} for one in valid_retired(webhook)]
    retired = [*retired, {"secret": webhook["secret"], "until": until}] if overlap_s else []
    if len(retired) >= MOST_SECRETS:
        raise TooManySecretsError
    values = {"secret": _new_secret(), "retired_secrets": retired or None}
    changed = update(webhooks).where(webhooks.c.id == webhook["id"]).values(**values).returning(webhooks)
    return connection.execute(changed).mappings().one()


def valid_retired(webhook: RowMapping) -> list[dict[str, Any]]:
    """Secrets that still sign beside the newest, each with the time when it runs out."""
    return [one for one in webhook["retired_secrets"] or () if one["until"] > time.time()]


def state_of(webhook: RowMapping) -> str:
    """Whether its messages are sent, held back by its owner, or held back because it takes none."""
    if webhook["paused_at"] is not None:
        return PAUSED
    return ACTIVE if webhook["failing_since"] is None else FAILING


def kinds_of(webhook: RowMapping) -> list[EventKind]:
    """What it is told of."""
    return [*webhook["kinds"], *(webhook["more_kinds"] or ())]


def _columns(facts: Facts) -> dict[str, Any]:
    """Kinds go into two columns: versions before revision 0003 cannot show those that they do not know."""
    columns = dict(facts)
    if "kinds" in facts:
        kinds = list(dict.fromkeys(facts["kinds"]))
        columns["kinds"] = [kind for kind in kinds if kind in EARLIER_KINDS]
        columns["more_kinds"] = [kind for kind in kinds if kind not in EARLIER_KINDS] or None
    return columns | {name: facts[name] or None for name in ("names", "tags", "headers") if name in facts}


def _new_secret() -> str:
    return STANDARD_PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
