"""The documents of stored policies."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from coverplan.payload.base import Document
from coverplan.payload.policy import Policy

PolicyId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\.][^\x00-\x1f\x7f/\\]*$"),
]
"""Name of a stored policy: what a path can hold as one segment."""
MAX_VERSION = 2**31 - 1
"""The largest number that any database has for a version."""

_POLICY = {"constraints": [{"kind": "capacity"}]}
_NAME = "Name of the policy: up to 200 characters, no slash, no dot in front."


class PolicyRequest(Document):
    """A policy to store under a name."""

    name: PolicyId = Field(description=_NAME, examples=["gentle"])
    policy: Policy = Field(description="The rules and weights.", examples=[_POLICY])


class PolicyVersion(Document):
    """One version of a stored policy; it never changes."""

    name: PolicyId = Field(description=_NAME, examples=["gentle"])
    version: int = Field(description="Its number, from 1.", examples=[3])
    policy_hash: str = Field(
        description="Hash of the policy with its defaults written out, as in plans.", examples=["sha256:5f2b"]
    )
    created_at: dt.datetime = Field(description="When it was stored (UTC).", examples=["2027-01-05T08:30:00Z"])


class StoredPolicy(PolicyVersion):
    """One version of a stored policy, with the policy itself."""

    policy: Policy = Field(description="The rules and weights.", examples=[_POLICY])


class FieldChange(Document):
    """One field that two versions have differently."""

    path: str = Field(description="JSON Pointer of the field.", examples=["/objective/relationship_loss"])
    before: JsonValue = Field(alias="from", description="Its value in the earlier version.", examples=[1.0])
    after: JsonValue = Field(alias="to", description="Its value in the later version.", examples=[2.0])


class ConstraintChange(Document):
    """One rule that only one of two versions has, or both have differently."""

    id: str = Field(description="Id of the rule: its own, else its kind, then `kind-2`...", examples=["capacity"])
    kind: str = Field(description="Its kind.", examples=["capacity"])
    change: Literal["added", "removed", "changed"] = Field(description="What became of it.", examples=["changed"])
    before: dict[str, JsonValue] | None = Field(
        alias="from", description="The whole rule before; null: it was added.", examples=[None]
    )
    after: dict[str, JsonValue] | None = Field(
        alias="to", description="The whole rule after; null: it was removed.", examples=[None]
    )
    fields: list[FieldChange] = Field(
        description="Where it was changed: pointers start at the rule.",
        examples=[[{"path": "/utilisation", "from": 1.0, "to": 0.9}]],
    )


class PolicyDiff(Document):
    """What changed from one version to another, every default written out."""

    name: PolicyId = Field(description=_NAME, examples=["gentle"])
    before: int = Field(alias="from", description="The version compared from.", examples=[1])
    after: int = Field(alias="to", description="The version compared to.", examples=[3])
    same: bool = Field(description="Whether nothing changed.", examples=[False])
    constraints: list[ConstraintChange] = Field(description="Rules that changed, by id.", examples=[[]])
    fields: list[FieldChange] = Field(
        description="Other fields that changed.",
        examples=[[{"path": "/objective/relationship_loss", "from": 1.0, "to": 2.0}]],
    )
