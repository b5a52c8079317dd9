"""Webhooks: whom to tell that something ended, what is told, and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from coverplan.payload.base import Document, Id, Name

EventKind = Literal[
    "run.completed",
    "run.failed",
    "run.cancelled",
    "experiment.completed",
    "experiment.failed",
    "experiment.cancelled",
    "batch.completed",
    "batch.cancelled",
    "dataset.checked",
]
WebhookState = Literal["active", "paused", "failing"]
DeliveryStatus = Literal["pending", "delivered", "failed"]
ALL_KINDS: list[EventKind] = list(get_args(EventKind))
EARLIER_KINDS: frozenset[EventKind] = frozenset(ALL_KINDS[:6])
"""Those that versions before revision 0003 know."""
TEST = "webhook.test"
_LATER = ("batch_id", "batch", "dataset_id", "dataset")
_MOST_CHOSEN = 50
_URL = "https://planning.example.com/coverplan"
_WEBHOOK = "wh-0198b2c4d5e6a1b2c3d4e5f60718"
_RUN = "run-0198b2c4d5e6a1b2c3d4e5f60718"
_EXPERIMENT = "exp-0198b2c4d5e6a1b2c3d4e5f60718"
_BATCH = "batch-0198b2c4d5e6a1b2c3d4e5f60718"
_DATASET = "ds-0198b2c4d5e6a1b2c3d4e5f60718"
_MOMENT = "2027-01-31T08:00:00Z"

Url = Annotated[str, StringConstraints(max_length=2000), Field(json_schema_extra={"pattern": "^https?://[!-~]+$"})]
"""What is no URL is told so by `read_url`, which knows why."""

_KINDS = (
    "What it is told of. `run.` and `experiment.completed`, `.failed`, `.cancelled`: such an end (an experiment is "
    "cancelled when it is stopped); `batch.completed`: it takes no more lines and all its runs have ended, whichever "
    "way; `batch.cancelled`: likewise, and all of them were cancelled; `dataset.checked`: its check is over, whatever "
    "it found."
)
_PARTS = (
    "Whether it is told of runs of batches and cells of experiments one by one, beside the end of the whole. Webhooks "
    "that an earlier version made are."
)
_NAMES = "Only of runs, experiments, batches and datasets with one of these names, compared exactly; empty: of all."
_TAGS = (
    "Only of runs with one of these tags, and of batches that hold such a run; nothing else has tags. Empty: of all."
)
_HEADERS = (
    "Sent with each message, by name: at most 20 and 8,000 characters together. None that say how the call is made, "
    "what its body is or who signed it (Host, Connection, Content-*, Webhook-*, Coverplan-* and the like). Values are "
    "not shown again."
)
_HEADER_SCHEMA: dict[str, Any] = {
    "propertyNames": {"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "maxLength": 100},
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 4000},
}
_HEADER = {"Authorization": "Bearer 7f3c"}


class WebhookRequest(Document):
    """An address to call when something ends."""

    url: Url = Field(description="Takes the messages as POST; answers with 2xx when it has one.", examples=[_URL])
    kinds: list[EventKind] = Field(
        default_factory=lambda: list(ALL_KINDS),
        min_length=1,
        max_length=2 * len(ALL_KINDS),
        description=f"{_KINDS} Absent: all.",
        examples=[["run.failed", "experiment.completed"]],
    )
    include_parts: bool = Field(False, description=_PARTS, examples=[False])
    names: list[Name] = Field(default_factory=list, max_length=_MOST_CHOSEN, description=_NAMES, examples=[["FY27"]])
    tags: list[Id] = Field(default_factory=list, max_length=_MOST_CHOSEN, description=_TAGS, examples=[["nightly"]])
    headers: dict[str, str] = Field(
        default_factory=dict, description=_HEADERS, examples=[_HEADER], json_schema_extra=_HEADER_SCHEMA
    )


class WebhookChange(Document):
    """What is to be different of a webhook; what is absent or null stays as it is."""

    url: Url | None = Field(None, description="Another address.", examples=[_URL])
    kinds: list[EventKind] | None = Field(
        None, min_length=1, max_length=2 * len(ALL_KINDS), description=_KINDS, examples=[["batch.completed"]]
    )
    include_parts: bool | None = Field(None, description=_PARTS, examples=[True])
    names: list[Name] | None = Field(None, max_length=_MOST_CHOSEN, description=_NAMES, examples=[["FY27"]])
    tags: list[Id] | None = Field(None, max_length=_MOST_CHOSEN, description=_TAGS, examples=[["nightly"]])
    headers: dict[str, str] | None = Field(
        None,
        description=f"Instead of all that it had. {_HEADERS}",
        examples=[_HEADER],
        json_schema_extra=_HEADER_SCHEMA,
    )
    state: Literal["active", "paused"] | None = Field(
        None,
        description="`paused`: nothing is sent, and what happens meanwhile waits; `active`: what has waited is sent, "
        "in order, also to one that fails.",
        examples=["paused"],
    )


class Webhook(Document):
    """An address that is called when something ends."""

    id: str = Field(description="Its id.", examples=[_WEBHOOK])
    url: str = Field(description="Takes the messages.", examples=[_URL])
    kinds: list[EventKind] = Field(description="What it is told of.", examples=[["run.completed"]])
    include_parts: bool = Field(description=_PARTS, examples=[False])
    names: list[str] = Field(description=_NAMES, examples=[[]])
    tags: list[str] = Field(description=_TAGS, examples=[["nightly"]])
    header_names: list[str] = Field(
        description="The headers that are sent with each message; their values are not shown.",
        examples=[["Authorization"]],
    )
    state: WebhookState = Field(
        description="`active`: messages are sent; `paused`: its owner wants none; `failing`: it took none several "
        "times in a row, so that only the first that waits is tried now and then. What waits is not lost: it goes out "
        "in order once the webhook takes a message or is made active.",
        examples=["active"],
    )
    paused_since: dt.datetime | None = Field(
        description="Since when its messages wait, for whichever reason; null: they do not.", examples=[None]
    )
    last_error: str | None = Field(
        description="Why the last message was not taken; null: it was.", examples=["No answer within 10 s."]
    )
    next_attempt_at: dt.datetime | None = Field(
        description="When one that is failing is tried again; null: it is not failing.", examples=[None]
    )
    pending: int = Field(description="Messages that wait.", examples=[0])
    retired_secret_until: dt.datetime | None = Field(
        description="Until when a secret of before the last rotation signs beside the newest; null: none does.",
        examples=[None],
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_MOMENT])


class NewWebhook(Webhook):
    """A webhook with a new secret that signs its messages, which is shown this once."""

    secret: str = Field(
        description="Signs its messages: Coverplan-Signature is `v1=` and the hexadecimal HMAC-SHA256, under this "
        "secret as it is written, of the Coverplan-Timestamp header, a dot and the body. For libraries of Standard "
        "Webhooks it is the secret that they ask for: webhook-id, webhook-timestamp and webhook-signature are theirs.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw..."],
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
    batch_id: str | None = Field(None, description="The batch that ended; absent: none did.", examples=[_BATCH])
    batch: dict[str, Any] | None = Field(
        None,
        description="The state of the batch, with counts of its lines and runs; absent: none ended.",
        examples=[{"job_status": "completed", "lines": 300, "rejected": 3, "runs": {"completed": 297}}],
    )
    dataset_id: str | None = Field(
        None, description="The dataset that was checked; absent: none was.", examples=[_DATASET]
    )
    dataset: dict[str, Any] | None = Field(
        None,
        description="The state of the dataset: whether it is `valid`, the number of its errors, and why a check that "
        "`failed` did; absent: none was checked.",
        examples=[{"job_status": "completed", "valid": True, "total_errors": 0}],
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema; what came later is left out of messages that it says nothing of."""
        schema = super().__get_pydantic_json_schema__(core, handler)
        required = handler.resolve_ref_schema(schema).get("required", [])
        required[:] = [name for name in required if name not in _LATER]
        return schema


class Delivery(Document):
    """One message to a webhook, and what became of it."""

    id: str = Field(description="Its id, as in the header Coverplan-Delivery.", examples=["del-0198b2c4d5e6a1b2c3"])
    kind: EventKind | Literal["webhook.test"] = Field(description="What it tells.", examples=["run.completed"])
    run_id: str | None = Field(description="The run that it tells of; null: none.", examples=[_RUN])
    experiment_id: str | None = Field(
        description="The experiment that it tells of; null: none.", examples=[_EXPERIMENT]
    )
    batch_id: str | None = Field(None, description="The batch that it tells of; null: none.", examples=[_BATCH])
    dataset_id: str | None = Field(None, description="The dataset that it tells of; null: none.", examples=[_DATASET])
    status: DeliveryStatus = Field(
        description="`pending`: it is sent, or sent again, at `next_attempt_at`; `failed`: given up, as it was refused "
        "again and again while its receiver took others, or waited for longer than runs are kept.",
        examples=["delivered"],
    )
    attempts: int = Field(description="How often it was sent.", examples=[1])
    next_attempt_at: dt.datetime | None = Field(
        description="When it is sent again; null: never, or once its webhook takes messages again.", examples=[None]
    )
    response_status: int | None = Field(description="Last answer's HTTP status; null: none came.", examples=[200])
    error: str | None = Field(
        description="What went wrong the last time; null: nothing.", examples=["No answer within 10 s."]
    )
    created_at: dt.datetime = Field(description="When it was made.", examples=[_MOMENT])
    delivered_at: dt.datetime | None = Field(description="When its receiver had it; null: not yet.", examples=[None])
