"""Webhooks: whom to tell that a run or an experiment ended, what is told, and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints

from coverplan.payload.base import Document

EventKind = Literal[
    "run.completed",
    "run.failed",
    "run.cancelled",
    "experiment.completed",
    "experiment.failed",
    "experiment.cancelled",
]
DeliveryStatus = Literal["pending", "delivered", "failed"]
ALL_KINDS: list[EventKind] = list(get_args(EventKind))
TEST = "webhook.test"
_URL = "https://planning.example.com/coverplan"
_WEBHOOK = "wh-0198b2c4d5e6a1b2c3d4e5f60718"
_RUN = "run-0198b2c4d5e6a1b2c3d4e5f60718"
_EXPERIMENT = "exp-0198b2c4d5e6a1b2c3d4e5f60718"
_MOMENT = "2027-01-31T08:00:00Z"

Url = Annotated[str, StringConstraints(max_length=2000), Field(json_schema_extra={"pattern": "^https?://[!-~]+$"})]
"""What is no URL is told so by `read_url`, which knows why."""


class WebhookRequest(Document):
    """An address to call when runs and experiments end."""

    url: Url = Field(description="Takes the messages as POST; answers with 2xx when it has one.", examples=[_URL])
    kinds: list[EventKind] = Field(
        default_factory=lambda: list(ALL_KINDS),
        min_length=1,
        max_length=len(ALL_KINDS),
        description="What it is told of; absent: every end of a run and of an experiment. The cells of an experiment "
        "are runs; `experiment.cancelled`: it was stopped.",
        examples=[["run.failed", "experiment.completed"]],
    )


class Webhook(Document):
    """An address that is called when runs and experiments end."""

    id: str = Field(description="Its id.", examples=[_WEBHOOK])
    url: str = Field(description="Takes the messages.", examples=[_URL])
    kinds: list[EventKind] = Field(description="What it is told of.", examples=[["run.completed"]])
    created_at: dt.datetime = Field(description="When it was made.", examples=[_MOMENT])


class NewWebhook(Webhook):
    """A webhook with the secret that signs its messages, which is shown this once."""

    secret: str = Field(
        description="Signs its messages: Coverplan-Signature is `v1=` and the hexadecimal HMAC-SHA256, under this "
        "secret, of the Coverplan-Timestamp header, a dot and the body.",
        examples=["whsec-..."],
    )


class WebhookEvent(Document):
    """The body of a message."""

    id: str = Field(description="Its id; the same when it is sent again.", examples=["del-0198b2c4d5e6a1b2c3d4e5f607"])
    kind: EventKind | Literal["webhook.test"] = Field(description="What happened.", examples=["run.completed"])
    created_at: dt.datetime = Field(description="When it happened.", examples=[_MOMENT])
    run_id: str | None = Field(None, description="The run that ended; null: none did.", examples=[_RUN])
    run: dict[str, Any] | None = Field(
        None,
        description="The state of the run, with `experiment_id` where it is a cell; null: none ended.",
        examples=[{"job_status": "completed", "gap": 0.0008}],
    )
    experiment_id: str | None = Field(
        None, description="The experiment that ended; null: none did.", examples=[_EXPERIMENT]
    )
    experiment: dict[str, Any] | None = Field(
        None,
        description="The state of the experiment at its end, which is before the cells of a stopped one are cancelled; "
        "null: none ended.",
        examples=[{"job_status": "completed", "cells": {"completed": 35}}],
    )


class Delivery(Document):
    """One message to a webhook, and what became of it."""

    id: str = Field(description="Its id, as in the header Coverplan-Delivery.", examples=["del-0198b2c4d5e6a1b2c3"])
    kind: EventKind | Literal["webhook.test"] = Field(description="What it tells.", examples=["run.completed"])
    run_id: str | None = Field(description="The run that it tells of; null: none.", examples=[_RUN])
    experiment_id: str | None = Field(
        description="The experiment that it tells of; null: none.", examples=[_EXPERIMENT]
    )
    status: DeliveryStatus = Field(
        description="`pending`: it is sent, or sent again, at `next_attempt_at`; `failed`: given up.",
        examples=["delivered"],
    )
    attempts: int = Field(description="How often it was sent.", examples=[1])
    next_attempt_at: dt.datetime | None = Field(description="When it is sent again; null: never.", examples=[None])
    response_status: int | None = Field(description="Last answer's HTTP status; null: none came.", examples=[200])
    error: str | None = Field(
        description="What went wrong the last time; null: nothing.", examples=["No answer within 10 s."]
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_MOMENT])
    delivered_at: dt.datetime | None = Field(description="When its receiver had it; null: not yet.", examples=[None])
