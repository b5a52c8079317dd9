"""Webhooks: who is told that something ended. The calls themselves are made by workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy import Connection, RowMapping
from starlette.responses import Response

from coverplan.api.body import NO_DIGEST, Parsed, body_of
from coverplan.api.errors import ApiError, error_responses
from coverplan.api.filters import Dated, Label
from coverplan.api.guard.auth import Reader, Writer
from coverplan.api.idempotency import ONCE, Created, Creation, Key, once_for, once_telling
from coverplan.api.links import located
from coverplan.api.media import JSON, accepts
from coverplan.api.paging import MAX_ITEMS, DeliveryCursor, Limit, Page, WebhookCursor
from coverplan.api.rows import found, missing
from coverplan.api.state import Configured, Stored
from coverplan.api.webhooks.changes import added, changed, check_call
from coverplan.api.webhooks.states import delivery_of, shown, shown_all
from coverplan.payload.webhooks import (
    Delivery,
    DeliveryStatus,
    EventKind,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookRequest,
)
from coverplan.store import announcements, audit, deliveries, webhooks
from coverplan.store.webhooks import MOST_SECRETS, TooManySecretsError

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], dependencies=[accepts(JSON)])

DAY_S = 86400
WebhookId = Annotated[str, Path(max_length=40, pattern="^[!-~]+$", description="Id of the webhook.")]


def _now(connection: Connection, tenant: str, told: Mapping[str, Any]) -> NewWebhook | None:
    """As it is by now, with the secret of then."""
    row = webhooks.get(connection, tenant, told["id"])
    return None if row is None else _new(connection, row, told["secret"])


Once = Annotated[Creation, once_telling(_now)]


@router.post(
    "",
    status_code=201,
    summary="Add a webhook",
    response_model=NewWebhook,
    responses={201: located(webhook_id="$response.body#/id"), **error_responses(*ONCE, 408, 413, 415, 503)},
    openapi_extra=body_of(WebhookRequest, webhook="Be told of nightly batches and of experiments that have ended"),
)
async def add_webhook(body: Parsed[WebhookRequest], caller: Writer, settings: Configured, once: Once) -> Response:
    """Have an address called when runs, batches, experiments and checks of datasets end.

    The answer has the secret that signs the calls; it is shown this once.
    """
    check_call(body.url, body.headers, settings)

    def create(connection: Connection) -> Created:
        row = added(connection, caller.tenant, body, settings)
        audit.add(connection, caller.by, "webhook.add", row["id"])
        return Created(_new(connection, row, row["secret"]), location=f"/v1/webhooks/{row['id']}")

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

    def look(connection: Connection) -> Page[Webhook]:
        rows = webhooks.page(connection, caller.tenant, limit + 1, cursor, which, kind)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        return Page[Webhook](items=shown_all(connection, rows[:limit]), next_cursor=more)

    return await store.database.reading(look)


@router.get("/{webhook_id}", summary="Show a webhook", responses=error_responses(404, 422, 503))
async def show_webhook(webhook_id: WebhookId, caller: Reader, store: Stored) -> Webhook:
    """The webhook without its secret, and whether it takes its messages."""
    return await store.database.reading(lambda c: shown(c, _found(c, caller.tenant, webhook_id)))


@router.patch(
    "/{webhook_id}",
    summary="Change, pause or resume a webhook",
    responses=error_responses(404, 408, 413, 415, 422, 503),
    openapi_extra=body_of(WebhookChange, webhook_change="Pause it, and be told of batches with a tag from then on"),
)
async def change_webhook(
    webhook_id: WebhookId, body: Parsed[WebhookChange], caller: Writer, store: Stored, settings: Configured
) -> Webhook:
    """What the body leaves out stays as it is; so do messages that wait, which go to its new address."""
    check_call(body.url, body.headers, settings)

    def change(connection: Connection) -> Webhook:
        row = _locked(connection, caller.tenant, webhook_id)
        audit.add(connection, caller.by, "webhook.change", webhook_id)
        return shown(connection, changed(connection, row, body))

    return await store.database.writing(change)


@router.post(
    "/{webhook_id}/rotate",
    summary="Give a webhook a new secret",
    response_model=NewWebhook,
    responses=error_responses(*ONCE, 404, 503),
)
async def rotate_secret(
    webhook_id: WebhookId,
    request: Request,
    caller: Writer,
    store: Stored,
    key: Key = None,  # noqa: ARG001 - for the OpenAPI document
    overlap_s: Annotated[
        int,
        Query(
            ge=0,
            le=30 * DAY_S,
            description="For so many seconds messages are signed with the secrets of before as well; 0: not at all, as "
            "for one that is known to others.",
        ),
    ] = DAY_S,
) -> Response:
    """The answer has the new secret; it is shown this once. While two secrets sign, each signature header has both."""

    def rotate(connection: Connection) -> Created:
        row = _rotated(connection, _locked(connection, caller.tenant, webhook_id), overlap_s)
        audit.add(connection, caller.by, "webhook.rotate", webhook_id)
        return Created(_new(connection, row, row["secret"]), 200)

    async with once_for(request, caller, store, NO_DIGEST, _now) as once:
        return await once.create(rotate)


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
    batch_id: Label = None,
    dataset_id: Label = None,
) -> Page[Delivery]:
    """Its messages, newest first, with what became of them; kept as long as runs are."""
    equal = {"status": status, "kind": kind, "run_id": run_id, "experiment_id": experiment_id}
    equal |= {"batch_id": batch_id, "dataset_id": dataset_id}

    def read(connection: Connection) -> list[RowMapping]:
        _found(connection, caller.tenant, webhook_id)
        return list(deliveries.log(connection, webhook_id, limit + 1, cursor, which, **equal))

    rows = await store.database.reading(read)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return Page[Delivery](items=[delivery_of(row) for row in rows[:limit]], next_cursor=more)


@router.post("/{webhook_id}/test", status_code=202, summary="Try a webhook", responses=error_responses(404, 422, 503))
async def try_webhook(webhook_id: WebhookId, caller: Writer, store: Stored) -> Delivery:
    """Have a worker send a message of the kind `webhook.test`; the deliveries tell what became of it.

    It waits behind others where they do, and one that is failing is tried at once.
    """

    def announce(connection: Connection) -> RowMapping:
        row = _locked(connection, caller.tenant, webhook_id)
        audit.add(connection, caller.by, "webhook.test", webhook_id)
        webhooks.try_now(connection, webhook_id)
        return announcements.announce_test(connection, row)

    return delivery_of(await store.database.writing(announce))


def _rotated(connection: Connection, row: RowMapping, overlap_s: float) -> RowMapping:
    try:
        return webhooks.rotate(connection, row, overlap_s)
    except TooManySecretsError:
        raise ApiError(
            "too_many_secrets",
            f"{MOST_SECRETS} secrets sign its messages already.",
            suggestion="Wait until the older ones run out, or end them at once with overlap_s=0.",
        ) from None


def _new(connection: Connection, row: RowMapping, secret: str) -> NewWebhook:
    return NewWebhook(**shown(connection, row).model_dump(), secret=secret)


def _found(connection: Connection, tenant: str, webhook_id: str) -> RowMapping:
    return found(webhooks.get(connection, tenant, webhook_id), "webhook", webhook_id)


def _locked(connection: Connection, tenant: str, webhook_id: str) -> RowMapping:
    _found(connection, tenant, webhook_id)
    return found(webhooks.locked(connection, webhook_id), "webhook", webhook_id)
