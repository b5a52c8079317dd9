"""The documents of API keys: who may call, and what they may do."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Literal

from pydantic import Field

from coverplan.payload.base import Document, Name

_ID = "key-0198b2c4d5e6a1b2c3d4e5f60718"
_MOST = 2**53
"""Beyond it JSON's numbers are no longer exact."""


class Scope(StrEnum):
    """What a key may do; none includes another."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    METRICS = "metrics"


ScopeName = Literal["read", "write", "admin", "metrics"]
"""The same as documents have it: an answer of a later version may have others."""

USUAL_SCOPES: tuple[ScopeName, ...] = ("read", "write")
"""Of a key of which nothing else is said."""


class KeyRequest(Document):
    """A key to make for the tenant of the key that makes it."""

    name: Name | None = Field(default=None, description="What it is for.", examples=["nightly import"])
    scopes: list[ScopeName] = Field(
        default_factory=lambda: list(USUAL_SCOPES),
        min_length=1,
        max_length=len(Scope),
        description="What it may do. `write`: also to solve; `admin`: keys and the audit log; `metrics`: `/metrics` "
        "alone.",
        examples=[["read", "write"]],
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        description="Calls a minute, at most as many as the key that makes it may; null: as many.",
        examples=[600],
        json_schema_extra={"unit": "calls per minute"},
    )
    running_runs: int | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        description="Queued and running runs of its tenant beyond which it adds none, at most those of the key that "
        "makes it; null: as many.",
        examples=[500],
    )
    stored_bytes: int | None = Field(
        default=None,
        ge=1,
        le=_MOST,
        description="Stored bytes of its tenant beyond which it adds none, at most those of the key that makes it; "
        "null: as many.",
        examples=[10_000_000_000],
        json_schema_extra={"unit": "bytes"},
    )


class Key(Document):
    """An API key without its secret, which is not kept."""

    id: str = Field(description="Its id.", examples=[_ID])
    tenant: str = Field(description="Whose it is.", examples=["acme"])
    name: str | None = Field(description="What it is for.", examples=["nightly import"])
    scopes: list[ScopeName] = Field(description="What it may do.", examples=[["read", "write"]])
    requests_per_minute: int | None = Field(
        description="Calls a minute; null: as many as `/v1/limits` says.",
        examples=[600],
        json_schema_extra={"unit": "calls per minute"},
    )
    running_runs: int | None = Field(
        description="Queued and running runs of its tenant beyond which it adds none; null: those of `/v1/limits`.",
        examples=[500],
    )
    stored_bytes: int | None = Field(
        description="Stored bytes of its tenant beyond which it adds none; null: those of `/v1/limits`.",
        examples=[10_000_000_000],
        json_schema_extra={"unit": "bytes"},
    )
    created_at: dt.datetime = Field(description="When it was made (UTC).", examples=["2027-01-31T08:00:00Z"])
    revoked_at: dt.datetime | None = Field(
        description="When it was revoked (UTC); null: it can be used.", examples=[None]
    )


class NewKey(Key):
    """A key with its secret, which is shown this once."""

    secret: str | None = Field(
        description="Send it as `Authorization: Bearer cpk_...`. It is not kept, so a call that is repeated under its "
        "Idempotency-Key is answered with null: revoke that key, and make another one.",
        examples=["cpk_..."],
    )
