"""What callers may make of a webhook, and change of it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping

from coverplan.api.errors import ApiError
from coverplan.delivery.addresses import AllowList
from coverplan.delivery.headers import header_faults
from coverplan.delivery.target import InvalidUrlError, host_of, read_url
from coverplan.payload.issues import IssueReport, pointer
from coverplan.payload.webhooks import WebhookChange, WebhookRequest
from coverplan.settings import Settings
from coverplan.store import webhooks

_COLUMNS = ("url", "kinds", "include_parts", "names", "tags", "headers")


def check_call(url: str | None, headers: Mapping[str, str] | None, settings: Settings) -> None:
    """Raise PayloadError for what can be seen to be wrong of how it is to be called."""
    report = IssueReport()
    if url is not None:
        _check_url(report, url, settings)
    for name, reason in header_faults(headers or {}):
        if name is None:
            report.add("invalid_value", "/headers", reason=f"Of headers {reason}.")
        else:
            report.add("header_refused", pointer("/headers", [name[:100]]), value=name[:100], reason=reason)
    report.raise_errors()


def added(connection: Connection, tenant: str, body: WebhookRequest, settings: Settings) -> RowMapping:
    """A new webhook.

    Raises:
        ApiError: the tenant has as many as it may.
    """
    if webhooks.count(connection, tenant) >= settings.max_webhooks:
        raise ApiError(
            "too_many_webhooks",
            f"There are {settings.max_webhooks} webhooks already.",
            suggestion="Remove one, or have the operator raise COVERPLAN_MAX_WEBHOOKS.",
        )
    return webhooks.add(connection, tenant, {name: getattr(body, name) for name in _COLUMNS})


def changed(connection: Connection, row: RowMapping, body: WebhookChange) -> RowMapping:
    """The webhook with what the body says of it, which has been checked; what is null stays as it is."""
    if body.state == webhooks.PAUSED:
        webhooks.pause(connection, row)
    elif body.state == webhooks.ACTIVE:
        webhooks.wake(connection, row)
    facts = {name: value for name in _COLUMNS if (value := getattr(body, name)) is not None}
    return webhooks.change(connection, row["id"], facts)


def _check_url(report: IssueReport, text: str, settings: Settings) -> None:
    """As far as it can be seen without asking DNS; the worker checks each address again."""
    try:
        host = host_of(read_url(text))
        if not AllowList.of(settings.webhook_allow).may_admit(host):
            report.add("address_refused", "/url", value=text)
    except InvalidUrlError as error:
        report.add("invalid_url", "/url", value=text, reason=str(error))
