"""Webhooks: who is told that runs and experiments end. The calls themselves are made by workers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from coverplan.api.body import Parsed, body_of
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Dated, Label
from coverplan.api.guard.auth import Reader, Writer
from coverplan.api.idempotency import ONCE, Created, Once
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, DeliveryCursor, Limit, Page, WebhookCursor
from coverplan.api.rows import found, missing
from coverplan.api.state import Configured, Stored
from coverplan.delivery.addresses import AllowList
from coverplan.delivery.target import InvalidUrlError, host_of, read_url
from coverplan.payload.issues import IssueReport
from coverplan.payload.times import maybe_moment, moment
from coverplan.payload.webhooks import Delivery, DeliveryStatus, EventKind, NewWebhook, Webhook, WebhookRequest
from coverplan.settings import Settings
from coverplan.store import audit, webhooks

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[accepts(JSON)])

WebhookId = Annotated[str, Path(max_length=40, pattern="^[!-~]+$", description="Id of the webhook.")]


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    response_model=NewWebhook,
    responses={201: located(webhook_id="$response.body#/id"), **error_responses(*ONCE, 408, 413, 415, 503)},
    openapi_extra=body_of(WebhookRequest, webhook="Be told of experiments that have ended, not of their cells"),
)
async def add_webhook(body: Parsed[WebhookRequest], caller: Writer, settings: Configured, once: Once) -> Response:
    """Have an address called when runs and experiments end.

    The answer has the secret that signs the calls; it is shown this once.
    """
    _check_url(body.url, settings)

    def create(connection: Connection) -> Created:
        row = _added(connection, caller.tenant, body, settings)
        audit.add(connection, caller.by, "webhook.add", row["id"])
        document = NewWebhook(**_shown(row).model_dump(), secret=row["secret"])
        return Created(document, location=f"/v1/webhooks/{row['id']}")

    return await once.create(create)


@router.get("", summary="List the webhooks", responses=error_responses(422, 503))
async def list_webhooks(
    caller: Reader,
    store: Stored,
    which: Dated,
    limit: Limit = MAX_ITEMS,
    cursor: WebhookCursor = None,
    kind: Annotated[EventKind | None, Query(description="Webhooks that are told of this only.")] = None,
) -> Page[Webhook]:
    """All webhooks, newest first."""
    rows = await store.database.reading(lambda c: webhooks.page(c, caller.tenant, limit + 1, cursor, which, kind))
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return Page[Webhook](items=[_shown(row) for row in rows[:limit]], next_cursor=more)


@router.get("/{webhook_id}", summary="Show a webhook", responses=error_responses(404, 422, 503))
async def show_webhook(webhook_id: WebhookId, caller: Reader, store: Stored) -> Webhook:
    """The webhook without its secret."""
    return _shown(await store.database.reading(lambda connection: _found(connection, caller.tenant, webhook_id)))


@router.delete("/{webhook_id}", status_code=204, summary="Remove a webhook", responses=error_responses(404, 422, 503))
async def remove_webhook(webhook_id: WebhookId, caller: Writer, store: Stored) -> None:
    """Its address is not called any more; its deliveries are removed with it."""

    def remove(connection: Connection) -> None:
        if not webhooks.remove(connection, caller.tenant, webhook_id):
            raise missing("webhook", webhook_id)
        audit.add(connection, caller.by, "webhook.remove", webhook_id)

    await store.database.writing(remove)


@router.get(
    "/{webhook_id}/deliveries", summary="List the deliveries of a webhook", responses=error_responses(404, 422, 503)
)
async def list_deliveries(
    webhook_id: WebhookId,
    caller: Reader,
    store: Stored,
    which: Dated,
    limit: Limit = MAX_ITEMS,
    cursor: DeliveryCursor = None,
    status: Annotated[DeliveryStatus | None, Query(description="Messages that are that far only.")] = None,
    kind: Annotated[EventKind | Literal["webhook.test"] | None, Query(description="Messages of this only.")] = None,
    run_id: Label = None,
    experiment_id: Label = None,
) -> Page[Delivery]:
    """Its messages, newest first, with what became of them; kept as long as runs are."""
    equal = {"status": status, "kind": kind, "run_id": run_id, "experiment_id": experiment_id}

    def read(connection: Connection) -> list[RowMapping]:
        _found(connection, caller.tenant, webhook_id)
        return list(webhooks.log(connection, webhook_id, limit + 1, cursor, which, **equal))

    rows = await store.database.reading(read)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return Page[Delivery](items=[_delivery(row) for row in rows[:limit]], next_cursor=more)


@router.post("/{webhook_id}/test", status_code=202, summary="Try a webhook", responses=error_responses(404, 422, 503))
async def try_webhook(webhook_id: WebhookId, caller: Writer, store: Stored) -> Delivery:
    """Have a worker send a message of the kind `webhook.test`; the deliveries tell what became of it."""

    def announce(connection: Connection) -> RowMapping:
        _found(connection, caller.tenant, webhook_id)
        audit.add(connection, caller.by, "webhook.test", webhook_id)
        return webhooks.announce_test(connection, webhook_id)

    return _delivery(await store.database.writing(announce))


def _check_url(text: str, settings: Settings) -> None:
    """Raise PayloadError for what can be seen to be wrong without asking DNS; the worker checks each address again."""
    report = IssueReport()
    try:
        host = host_of(read_url(text))
        if not AllowList.of(settings.webhook_allow).may_admit(host):
            report.add("address_refused", "/url", value=text)
    except InvalidUrlError as error:
        report.add("invalid_url", "/url", value=text, reason=str(error))
    report.raise_errors()


def _added(connection: Connection, tenant: str, body: WebhookRequest, settings: Settings) -> RowMapping:
    if webhooks.count(connection, tenant) >= settings.max_webhooks:
        raise ApiError(
            "too_many_webhooks",
            f"There are {settings.max_webhooks} webhooks already.",
            suggestion="Remove one, or have the operator raise COVERPLAN_MAX_WEBHOOKS.",
        )
    return webhooks.add(connection, tenant, body.url, body.kinds)


def _found(connection: Connection, tenant: str, webhook_id: str) -> RowMapping:
    return found(webhooks.get(connection, tenant, webhook_id), "webhook", webhook_id)


def _shown(row: RowMapping) -> Webhook:
    return Webhook(id=row["id"], url=row["url"], kinds=row["kinds"], created_at=moment(row["created_at"]))


def _delivery(row: RowMapping) -> Delivery:
    same = ("id", "kind", "run_id", "experiment_id", "status", "attempts", "response_status", "error")
    return Delivery(
        **{name: row[name] for name in same},
        next_attempt_at=maybe_moment(row["next_at"]),
        created_at=moment(row["created_at"]),
        delivered_at=maybe_moment(row["delivered_at"]),
    )
