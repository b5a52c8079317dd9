"""The documents of the audit log."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document

Action = Literal[
    "run.submit",
    "run.finish",
    "run.cancel",
    "run.delete",
    "batch.submit",
    "batch.cancel",
    "batch.delete",
    "experiment.submit",
    "experiment.extend",
    "experiment.stop",
    "experiment.resume",
    "experiment.delete",
    "dataset.create",
    "dataset.put_table",
    "dataset.commit",
    "dataset.patch",
    "dataset.delete",
    "policy.store",
    "policy.delete",
    "webhook.add",
    "webhook.change",
    "webhook.rotate",
    "webhook.test",
    "webhook.remove",
    "key.create",
    "key.revoke",
]
"""What is written down."""


class AuditLine(Document):
    """Something that was written or destroyed, and by whom."""

    id: str = Field(description="Its id.", examples=["aud-0198b2c4d5e6a1b2c3d4e5f60718"])
    created_at: dt.datetime = Field(
        description="When, by the database's clock (UTC).", examples=["2027-01-31T08:00:00Z"]
    )
    tenant: str = Field(description="Whose it is.", examples=["acme"])
    key_id: str | None = Field(
        description="The key of the call; null: the service ran open, or it was the command line.",
        examples=["key-0198b2c4d5e6a1b2c3d4e5f60718"],
    )
    action: Action = Field(description="What was done.", examples=["dataset.delete"])
    resource: str = Field(
        description="What it was done to, by its id; a policy by its name, and its version where it was stored, "
        "a table of a dataset after it.",
        examples=["ds-0198b2c4d5e6a1b2c3d4e5f60718"],
    )
    request_id: str | None = Field(
        description="Id of the request, as in the log; null: it was the command line.",
        examples=["8f14e45fceea167a5a36dedd4bea2543"],
    )
    address: str | None = Field(
        description="Where the call came from, as the service saw it; null: not known.", examples=["203.0.113.7"]
    )
